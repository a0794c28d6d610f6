"""The exception tree. A refusal is a value, not an exception; these are for what should not happen.

`reason` is a short label for metrics, `mend` says what to do; both reach people in one sentence.
"""

from collections.abc import Iterator
from contextlib import contextmanager


class ParleyError(Exception):
    """Something went wrong that a person can mend."""

    reason = "error"

    def __init__(self, what: str, mend: str = "", *, reason: str = "") -> None:
        self.what = what
        self.mend = mend
        self.reason = reason or type(self).reason
        super().__init__(f"{what} {mend}".strip())


class ConfigurationError(ParleyError):
    """The configuration cannot be used."""

    reason = "configuration"


class TemporaryError(ParleyError):
    """It may work later. `after` is the number of seconds the other side asked us to wait, if it did; `out` says that the
    message can be read already, and only what hangs on it is missing."""

    reason = "temporary"
    out = False

    def __init__(
        self, what: str, mend: str = "", *, after: float | None = None, reason: str = ""
    ) -> None:
        super().__init__(what, mend, reason=reason)
        self.after = after


@contextmanager
def message_is_out() -> Iterator[None]:
    """What fails in here fails after the message itself came out: people may react to it before it is sent whole."""
    try:
        yield
    except TemporaryError as error:
        error.out = True
        raise


class PermanentError(ParleyError):
    """Trying again will not help."""

    reason = "permanent"


class LoginError(PermanentError):
    """A platform no longer accepts us at all. What was to be said is kept until somebody mends the login."""

    reason = "login"


class StoreError(ParleyError):
    """The database could not take it: full, read-only, locked or broken. Nothing of the call was kept."""

    reason = "store"


class UnreadableError(ParleyError):
    """Something stored is not what this version stores: the database is another version's, or was damaged."""

    reason = "unreadable"


class OwnedError(ParleyError):
    """Another process owns the data folder."""

    reason = "owned"


class TransitionError(ParleyError):
    """A state machine was asked for a step that its table does not have."""

    reason = "transition"
