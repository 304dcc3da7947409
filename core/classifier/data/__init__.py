"""A table of labelled texts as a person brings it, to token numbers and batches."""
