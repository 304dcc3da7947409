"""Sample images from a trained generator."""
