"""The frame of every page: entry point, navigation, language, addresses, hosting, and patches of Streamlit.

main.py runs for each visitor before any page. Pages use navigation (links between screens), address (widgets tied to
the URL) and cache_keys (what a cached result depends on). streamlit_patches.py holds what Streamlit lacks, so that a
new release is checked in one place.
"""
