"""The one exception whose message is written for the person at the keyboard."""


class StudyError(Exception):
    """Bad input: the message says what was wrong, where, and what would be right."""
