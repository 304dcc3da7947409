"""The training loop of all families, with its plan, schedule, exact state, devices and safe loading of weights.

The loop handles budget, schedule, metrics, samples, checkpoints, stop and roll-back and is independent of network and
screens. A family implements Task (task.py) and returns it from make_task(run). The loop replaces Keras' `fit`, since a
run must continue from any step to the same weights; docs/architecture.md has the reasons and the measured gain.
"""
