"""A studio that many share: what a hosted demo allows, whose runs are whose, whose turn it is, classes and links."""
