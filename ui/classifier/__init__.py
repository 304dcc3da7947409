"""The pieces of the classifier's pages."""
