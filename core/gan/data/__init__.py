"""Pictures as a person brings them, to two sets of grey images of one size."""
