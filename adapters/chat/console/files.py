"""Files of this machine, named by their path in a line. Used by `adapter`; whoever writes the lines may read as much."""

import os
import stat

from bot.model.errors import PermanentError
from bot.model.events import File


def read(file: File, limit: int) -> bytes:
    """What is in it, if it is a plain file of at most `limit` bytes. Raises PermanentError."""
    try:
        # Not blocking: what was named may be a pipe that nobody writes into.
        descriptor = os.open(file.id, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        what = f"{file.name} cannot be read: {error.strerror}."
        raise PermanentError(what, "Name a file that I may read.") from error
    with os.fdopen(descriptor, "rb") as stream:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise PermanentError(f"{file.name} is no plain file.", "Name one.")
        if about.st_size > limit:
            most = f"{limit / 1_000_000:.0f} MB" if limit >= 1_000_000 else f"{limit} bytes"
            what = f"{file.name} is longer than {most}."
            raise PermanentError(what, "Send less.", reason="file_size")
        return stream.read(limit)
