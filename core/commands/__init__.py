"""The command line, a module a verb; `python -m core` is its only caller.

A module adds its parsers with add_parsers() and calls what lies in other packages: what a screen needs, too, is not
kept here. Nothing that makes `--help` slow is imported before a command runs.
"""
