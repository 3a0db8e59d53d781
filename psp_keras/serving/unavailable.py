class Unavailable(Exception):
    """The server cannot be reached just now: worth another try."""
