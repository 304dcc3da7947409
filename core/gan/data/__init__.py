"""Read image data sets and convert them to greyscale training and held-out sets of one size."""
