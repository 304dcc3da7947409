"""The one error that is meant for a person."""


class UserError(Exception):
    """Bad data, a bad option or a missing run.

    Its text is one sentence that says what is wrong, where, and what to do. The page shows it in place, the command
    line prints it and exits 2. Every other exception is a fault of the program.
    """
