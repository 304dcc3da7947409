"""The run folder: the one format that screens, command line and training process share.

A run is a folder and the list of runs is the listing of their parent folder; nothing else records them, so nothing can
disagree with it. No module here imports TensorFlow, so that a table of runs is instant. Use run.Run for one folder,
store for many; status, metrics and checkpoint are what changes while a run trains. keras_file and placement lie here
and not higher up because each family, training, jobs and bundles read them. A file is replaced as a whole or not at
all.
"""
