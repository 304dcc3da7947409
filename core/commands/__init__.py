"""The command line, one module for each command; only `python -m core` imports it.

A module adds its parsers with add_parsers() and calls other packages; code that screens also need belongs there.
Modules that would slow down `--help` are imported only when a command runs.
"""
