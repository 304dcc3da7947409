"""Looking inside a trained character model: its states, gates, gradients, surprises and copies."""
