from psp_keras.errors import UserError


class CheckpointError(UserError):
    """A checkpoint that cannot be read, and why."""
