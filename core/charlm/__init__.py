"""The character model: a recurrent network that guesses the next character of any text.

config and what reads a text in data/ import no TensorFlow, so that a form, an upload's report and `--help` are instant.
Others come in through the family's row in core/families.py, not by importing a module of this package by name; the
pages of this family, which show its data and its inside, are the exception.
"""
