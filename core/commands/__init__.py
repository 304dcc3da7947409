"""The command line, a file a verb. Nothing here is imported that makes `--help` slow."""
