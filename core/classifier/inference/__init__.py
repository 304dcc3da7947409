"""Classifying with a trained network."""
