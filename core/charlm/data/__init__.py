"""Read a text file, encode it as symbol ids and cut it into batches."""
