"""Inspect a trained character model: states, gates, gradients, per-character loss and copied passages."""
