"""The dense GAN: a generator draws grey pictures that a discriminator takes for real.

config and data/ import no TensorFlow, so that a form and the report on pictures are instant. Others come in through the
family's row in core/families.py; the pages of this family are the exception.
"""
