"""The pieces of the concept pages."""
