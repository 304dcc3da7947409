"""A run leaves and comes in: as one archive, or as a program in plain Keras.

What comes in is hostile until proven: names, sizes, JSON and arrays are validated before a run is made of them, and a
`.keras` file is never given to `load_model`. Use bundle for the archive and program for the exported script;
archive_validation decides what is refused.
"""
