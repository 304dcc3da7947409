"""Components of the pages on runs: live view, table rows, comparison, export and import, trash.

The view polls the run folder and is independent of the family; curves, samples and report come from family_view.
"""
