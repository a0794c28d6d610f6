"""Lines in and out over file descriptors, of any kind: pipe, file, terminal. Used by both faces of the console.

Reading and writing each have a thread of their own once they would block, so that neither ever waits for the
other: a program may write thousands of lines before it reads one.
"""

import asyncio
import contextlib
import os
import select
import threading
from collections.abc import AsyncIterator, Callable

from bot.model.errors import LoginError

MAX_LINE = 64 * 1024
"""Bytes of one line of input; a longer one is given as its first `MAX_LINE + 1` bytes."""

_CHUNK = 1 << 16
_AHEAD = 8 << 20
_PIPE_BUF = select.PIPE_BUF


class Input:
    """Everything that can be read, as lists of whole lines without their ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._state = threading.Condition()
        self._data = bytearray()
        self._ended = False
        self._closed = False
        self._rest = b""
        self._skipping = False
        self._resume: Callable[[], None] | None = None

    async def batches(self) -> AsyncIterator[list[bytes]]:
        """All lines available at once, again and again until the end of the input."""
        ready = asyncio.Event()
        loop = asyncio.get_running_loop()
        watched = self._watch(loop, ready)
        if not watched:
            # A daemon thread: a read that never returns must not hold up the process's end.
            threading.Thread(target=self._read, args=(loop, ready), daemon=True).start()
        ended = False
        try:
            while not ended:
                await ready.wait()
                ready.clear()
                data, ended = self._take()
                if lines := self._split(data, ended=ended):
                    yield lines
        finally:
            if watched:
                loop.remove_reader(self._descriptor)
            with self._state:
                self._closed = True
                self._state.notify()

    def _watch(self, loop: asyncio.AbstractEventLoop, ready: asyncio.Event) -> bool:
        """Read in the loop itself where the descriptor can be waited for (a pipe, not a file): a line costs no thread."""

        def read() -> None:
            data = self._chunk()
            self._data += data
            self._ended = not data
            if self._ended or len(self._data) >= _AHEAD:
                loop.remove_reader(self._descriptor)
            ready.set()

        def watch() -> None:
            loop.add_reader(self._descriptor, read)

        try:
            watch()
        except PermissionError:  # epoll's word for a regular file
            return False
        self._resume = watch
        return True

    def _read(self, loop: asyncio.AbstractEventLoop, ready: asyncio.Event) -> None:
        while self._store(self._chunk()):
            if not _tell(loop, ready):
                return
        _tell(loop, ready)

    def _chunk(self) -> bytes:
        while True:
            try:
                return os.read(self._descriptor, _CHUNK)
            except BlockingIOError:
                select.select([self._descriptor], [], [])
            except OSError:
                return b""  # a terminal that went away ends like a closed pipe

    def _store(self, data: bytes) -> bool:
        with self._state:
            self._data += data
            self._ended = not data
            self._state.wait_for(lambda: len(self._data) < _AHEAD or self._closed)
            return not (self._ended or self._closed)

    def _take(self) -> tuple[bytes, bool]:
        with self._state:
            data, self._data = bytes(self._data), bytearray()
            self._state.notify()
        if self._resume is not None and len(data) >= _AHEAD and not self._ended:
            self._resume()
        return data, self._ended

    def _split(self, data: bytes, *, ended: bool) -> list[bytes]:
        *lines, tail = data.split(b"\n")
        if lines:
            lines[0] = self._rest + lines[0]
            if self._skipping:
                del lines[0]
            self._skipping, self._rest = False, tail
        elif not self._skipping:
            self._rest += tail
        if self._rest and (ended or len(self._rest) > MAX_LINE):
            lines.append(self._rest)
            self._rest, self._skipping = b"", not ended
        return [line[: MAX_LINE + 1] for line in lines]


class Output:
    """Bytes out, in order. What does not fit at once is written by a thread, all that waits together."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        self._state = threading.Condition()
        self._waiting = bytearray()
        self._held = bytearray()
        self._writing = False
        self._broken = False
        self._drained: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def hold(self, data: bytes) -> None:
        """As `put`, with what is put next, at the end of this turn of the loop at the latest: one write for many, and the reader
        wakes once."""
        if not self._held:
            asyncio.get_running_loop().call_soon(self.put, b"")
        self._held += data

    def put(self, data: bytes) -> None:
        """Write as soon as it can be written, behind what is held; does not block."""
        if self._held:
            data = bytes(self._held) + data
            self._held.clear()
        with self._state:
            if self._broken or not data:
                return
            left = memoryview(data) if self._writing or self._waiting else self._write_now(data)
            if left:
                self._waiting += left
                self._start()

    async def write(self, data: bytes) -> None:
        """Put it; return when all of it is written. Raises LoginError when nobody reads any more."""
        self.put(data)
        await self.drain()

    async def drain(self) -> None:
        """Return when everything that was put is written. Raises LoginError when nobody reads any more."""
        with self._state:
            if self._writing or self._waiting:
                self._drained = self._drained or asyncio.Event()
                self._loop = asyncio.get_running_loop()
            drained = self._drained
        if drained is not None:
            await drained.wait()
        if self._broken:
            raise LoginError("Nobody reads the output any more.", "Start the console again.")

    def _write_now(self, data: bytes) -> memoryview:
        """What could not be written without blocking. A pipe that is ready takes PIPE_BUF bytes at least."""
        left = memoryview(data)
        try:
            while left and self._poll.poll(0):
                left = left[os.write(self._descriptor, left[:_PIPE_BUF]) :]
        except BlockingIOError:
            return left
        except OSError:
            self._broken = True
            return left[:0]
        return left

    def _start(self) -> None:
        if not self._writing:
            self._writing = True
            threading.Thread(target=self._write_waiting, daemon=True).start()

    def _write_waiting(self) -> None:
        while data := self._next():
            self._write_all(data)

    def _next(self) -> bytes:
        with self._state:
            data, self._waiting = bytes(self._waiting), bytearray()
            if not data or self._broken:
                self._writing = False
                self._waiting.clear()
                self._tell_senders()
                return b""
            return data

    def _tell_senders(self) -> None:
        if self._drained is not None and self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended; nobody waits any more
                self._loop.call_soon_threadsafe(self._drained.set)
        self._drained = None

    def _write_all(self, data: bytes) -> None:
        left = memoryview(data)
        try:
            while left:
                self._poll.poll()
                with contextlib.suppress(BlockingIOError):
                    left = left[os.write(self._descriptor, left) :]
        except OSError:
            self._broken = True


def _tell(loop: asyncio.AbstractEventLoop, ready: asyncio.Event) -> bool:
    try:
        loop.call_soon_threadsafe(ready.set)
    except RuntimeError:
        return False  # the loop has ended; nobody listens any more
    return True
