"""Export a run as one archive or as a program in plain Keras, and import such an archive.

An imported archive is untrusted: names, sizes, JSON and arrays are validated before a run is created from them, and its
`.keras` file is never passed to `load_model`. Use bundle for the archive and program for the exported script;
archive_validation defines what is rejected.
"""
