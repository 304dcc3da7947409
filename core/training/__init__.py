"""The one training loop of all families, and what it needs: plan, schedule, exact state, devices, safe weights.

The loop owns the budget, the schedule, metrics, samples, checkpoints, stop and roll-back; it knows neither network nor
screen. A family implements Task (task.py) and hands it over with make_task(run). It is an own loop and not Keras' `fit`
because a run must continue from any step to the same weights; docs/architecture.md has the reasons and the measured
gain.
"""
