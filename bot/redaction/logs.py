"""The log without secrets: tracebacks and other people's libraries say what they were given. Called by the commands that serve."""

import logging

from bot.model.ports import Redactor


class Redacting(logging.Formatter):
    """What another formatter makes of a record, redacted."""

    def __init__(self, inner: logging.Formatter, redactor: Redactor) -> None:
        super().__init__()
        self._inner = inner
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """The whole line or lines, a traceback included."""
        return self._redactor.redact(self._inner.format(record))


def cover(redactor: Redactor) -> None:
    """From now on, for every handler of the root; where there is none, for the one that writes warnings to standard error."""
    for handler in logging.getLogger().handlers or filter(None, [logging.lastResort]):
        handler.setFormatter(Redacting(handler.formatter or logging.Formatter(), redactor))
