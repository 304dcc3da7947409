"""Widgets and figures that several families share: forms from a schema, data input, charts, palette, safe text.

Draw charts with figures, for consistent colours, keys and data tables. Pass user text through text.escape() or
text.md(), so that it is never interpreted as HTML or Markdown.
"""
