"""The Transformer classifier: tells the labels of texts apart, beside linear models trained on the same split.

config and what reads a table in data/ import neither TensorFlow nor scikit-learn, so that a form and the report on a
table are instant. Others come in through the family's row in core/families.py; the pages of this family are the
exception.
"""
