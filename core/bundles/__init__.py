"""A run leaves and comes in: as one archive, which is validated before it is read, or as a program of its own."""
