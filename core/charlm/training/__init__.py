"""The network of a character model, its compiled step, and how its training is judged."""
