"""What a run is exported as: one table of formats, read by the command line and by the page.

A format is a row here and a function that writes it, which is imported when it is used, since some need TensorFlow.
"""

from core.exports.formats import FORMATS, Format, Written, export, formats_of, packed

__all__ = ["FORMATS", "Format", "Written", "export", "formats_of", "packed"]
