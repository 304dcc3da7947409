"""Embedded sample data, and data sets that can be downloaded on request.

The embedded texts, reviews and digits are small, so that the first training needs no internet. Use registry.sample()
for these and offers.load_offer() for a download, whose address, size and SHA-256 stand in download.py; nothing else in
the project opens a connection to the outside.
"""
