"""The pieces of the GAN's pages; run_view and card are what the pages on runs and the first page ask for.

What is computed lies in core/gan, so that a script gets the same figures; here it is only drawn.
"""
