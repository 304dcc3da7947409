"""A text as a person brings it, to symbol numbers and batches."""
