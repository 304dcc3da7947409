"""The run folder: the format that screens, command line and training process share.

A run is a folder, and the list of runs is the listing of their parent folder; no index exists that could disagree. No
module here imports TensorFlow, so that a table of runs loads at once. Use run.Run for one folder and store for many;
status, metrics and checkpoint change while a run trains. keras_file and placement are in this package because the
families, training, jobs and bundles all read them. Each file is replaced as a whole or not at all.
"""
