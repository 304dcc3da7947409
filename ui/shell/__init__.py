"""What surrounds every screen: navigation, language, addresses, hosting, and the patches that Streamlit needs."""
