"""The computations of the concept pages, one module per concept: small numpy implementations of the formulas.

They are separate from the training code, which is optimised for speed; here each function follows its formula and keeps
all intermediate values for display. Tests check them against Keras. concept.py is the table of concepts and imports a
module only on access.
"""
