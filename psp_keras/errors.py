class UserError(Exception):
    """A mistake in what the user gave: one line that names it and what to do. The command line exits with 2."""
