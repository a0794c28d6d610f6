"""One process, one data folder. `bot.app` holds this for life; commands that only read do without."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.model.errors import OwnedError, StoreError


class Ownership:
    """An exclusive lock on `data`, made with its folder: `with Ownership(data): …`. The system frees it when the process ends."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._handle = -1

    def __enter__(self) -> Self:
        """Raises OwnedError naming the process that owns it, StoreError when the folder cannot be used."""
        path = self._data / "owner.lock"
        try:
            self._data.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise StoreError(
                f"The data folder {self._data} cannot be used: {error.strerror}.",
                "Give the bot's user write access, or set [bot] data.",
            ) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.pread(handle, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(handle)
            raise OwnedError(
                f"The data folder {self._data} belongs to process {owner}.",
                "End that process first, or use another [bot] data.",
            ) from error
        self._handle = handle
        self._write_pid()
        return self

    def _write_pid(self) -> None:
        try:
            os.ftruncate(self._handle, 0)
            os.pwrite(self._handle, f"{os.getpid()}\n".encode(), 0)
        except OSError:
            pass  # a full disk: the lock holds, only its name is missing

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._handle)
        self._handle = -1
