"""The pieces of the classifier's pages; run_view and card are what the pages on runs and the first page ask for.

What is computed lies in core/classifier, so that a script gets the same figures; here it is only drawn.
"""
