"""A studio that many share: what a visitor may do, whose run is whose, whose turn it is, classes and links.

At home none of it acts. With HIDDEN_STATE_DEMO=1 the checks lie here and in the server, not in a widget, so that no
page and no address goes around them. core.runs and core.jobs know this package only as the policy that
policy.register() hands to core.runs.policy; screens may use all of it.
"""
