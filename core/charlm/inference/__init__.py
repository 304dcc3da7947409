"""Writing with a trained character model."""
