"""Generate text with a trained character model."""
