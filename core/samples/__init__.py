"""What comes along to train on, and what can be downloaded when a person asks for it.

The embedded texts, reviews and digits are small, so that the first training needs no internet. Use registry.sample()
for these and offers.load_offer() for a download, whose address, size and SHA-256 stand in download.py; nothing else in
the project opens a connection to the outside.
"""
