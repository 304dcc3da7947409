"""A run is carried out: queued, started in a process of its own or on a Ray cluster, stopped, continued, repeated.

The server never trains: a training process outlives the tab and the server, and its memory is given back when it ends.
Use launch.start() and launch.stop() for one run, sweep for many, summary for what a list shows. worker.work() is what
the training process itself runs; TensorFlow is imported there, when the run's turn comes.
"""
