"""Run jobs: queue a run, start its training process here or on a Ray cluster, stop, continue and repeat it.

The server never trains: a training process outlives the tab and the server, and its memory is freed when it ends.
Use launch.start() and launch.stop() for one run, sweep for many, and summary for a row in a list. The training process
calls worker.work(); TensorFlow is imported there, once the run has a training slot.
"""
