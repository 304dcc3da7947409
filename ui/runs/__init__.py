"""The pieces of the pages on runs."""
