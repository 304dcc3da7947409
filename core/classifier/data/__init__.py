"""Read a table of labelled texts, clean and split it, tokenize it and form batches."""
