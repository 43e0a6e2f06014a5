"""What makes a checkpoint or a network file unusable, in one line."""


class CheckpointError(ValueError):
    """One line: what, where, expected and found, and what to do."""
