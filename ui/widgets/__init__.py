"""Widgets and figures that several families share."""
