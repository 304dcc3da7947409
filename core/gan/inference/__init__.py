"""Drawing with a trained generator."""
