"""The pieces of the character model's pages."""
