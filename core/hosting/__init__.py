"""A hosted demo for many visitors: limits, ownership of runs, scheduling, classes and teacher links.

Without HIDDEN_STATE_DEMO=1 none of it applies. The checks are made here, in the server, and not in widgets, so that no
page and no address can bypass them. core.runs and core.jobs know this package only as the policy that
policy.register() hands to core.runs.policy; screens may use all of it.
"""
