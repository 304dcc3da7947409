"""The pieces of the pages on runs: the live view, rows, comparison, transfer, trash.

The view polls the run folder and knows no family; curves, samples and report come through family_view.
"""
