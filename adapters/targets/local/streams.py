"""What a command says, within bounds: the first bytes and the last, and how many were dropped between. Used by `processes`."""

import asyncio
import contextlib
import fcntl
import os

CHUNK = 256 * 1024
PIPE = 1024 * 1024


class Kept:
    """The first `head` and the last `tail` bytes of a stream of any length."""

    def __init__(self, head: int, tail: int) -> None:
        self._head_size = head
        self._tail_size = tail
        self._head = bytearray()
        self._tail = bytearray()
        self._seen = 0

    def add(self, data: bytes) -> None:
        self._seen += len(data)
        room = self._head_size - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        if len(self._tail) > 2 * self._tail_size + CHUNK:
            self._trim()

    def _trim(self) -> None:
        extra = len(self._tail) - self._tail_size
        if extra > 0:
            del self._tail[:extra]

    @property
    def data(self) -> bytes:
        self._trim()
        return bytes(self._head + self._tail)

    @property
    def dropped(self) -> int:
        self._trim()
        return self._seen - len(self._head) - len(self._tail)


class Stream:
    """A pipe whose reading end fills a `Kept` by the event loop. `into` is the end for the command; close it once it is passed on."""

    def __init__(self, head: int, tail: int) -> None:
        self.kept = Kept(head, tail)
        self._from, self.into = os.pipe()
        os.set_blocking(self._from, False)
        with contextlib.suppress(
            OSError
        ):  # over the user's share of pipe memory: the usual size does as well
            fcntl.fcntl(self._from, fcntl.F_SETPIPE_SZ, PIPE)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._from, self._read)

    def _read(self) -> bool:
        try:
            data = os.read(self._from, CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self._loop.remove_reader(self._from)
            return False
        self.kept.add(data)
        return True

    def passed(self) -> None:
        """The command has its own copy of `into` now."""
        os.close(self.into)
        self.into = -1

    def finish(self) -> None:
        """Take what is in the pipe and close it: what a command wrote before it ended is there; a daemon's later words are not wanted.

        At most a pipe's worth is read, so that something left running which never stops talking cannot hold us."""
        for _ in range(2 * PIPE // 4096):
            if not self._read():
                break
        self._loop.remove_reader(self._from)
        os.close(self._from)
        if self.into >= 0:
            os.close(self.into)
