"""Widgets and figures that several families share: forms from a schema, data input, charts, palette, safe text.

Charts go through figures, so that colours, keys and the table under each chart are the same everywhere. Text of a
person goes through text.escape() or text.md() and is never HTML.
"""
