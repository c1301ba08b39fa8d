"""What ends the command before it could show anything."""


class LogError(Exception):
    """Nothing can be shown; one line that says what, where and what to do."""
