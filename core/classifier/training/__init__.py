"""The Transformer classifier, its compiled step, its baselines and its metrics."""
