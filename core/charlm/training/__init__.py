"""The character model's network, compiled training step, evaluation and training diagnosis."""
