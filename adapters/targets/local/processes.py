"""Starts pipelines through the reaper and waits for their end. Used by `target`; the other side is `reaper.py`."""

import asyncio
import contextlib
import fcntl
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from msgspec import Struct, field

from adapters.targets.local.streams import Stream
from bot.model.errors import TemporaryError
from bot.model.runs import Limits, Outcome

_REAPER = Path(__file__).with_name("reaper.py")
_LAST_WAIT = 10.0
_GLANCE = 0.02


class Pipeline(Struct, frozen=True):
    """What to start: argv per stage, the whole environment, the working folder, and where its note may go.

    `spares` keeps SIGTERM from the stages' own processes (bubblewrap), so that only what runs inside hears it."""

    stages: tuple[tuple[str, ...], ...]
    cwd: Path
    note: Path
    env: dict[str, str] = field(default_factory=dict)
    spares: bool = False


class NotStartedError(TemporaryError):
    """Nothing was run."""


def exit_of(exits: list[int]) -> int:
    """The code judged: the last stage's, or that of the last earlier stage that failed by more than a closed pipe (141)."""
    for code in reversed(exits[:-1]):
        if exits[-1] == 0 and code not in (0, 141):
            return code
    return exits[-1]


def recall(note: Path) -> list[int] | None:
    """The exit codes that a supervisor put on record before the bot was killed: the command had ended and left something
    running. Waits, in a thread, until the supervisor is gone; when there is no note then, all of the attempt is ended."""
    lock = _lock_of(note)
    with contextlib.suppress(FileNotFoundError), lock.open() as file:
        for _ in range(int(_LAST_WAIT / _GLANCE)):
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            time.sleep(_GLANCE)
        lock.unlink()
    return list(json.loads(note.read_text(encoding="ascii"))) if note.exists() else None


def _lock_of(note: Path) -> Path:
    return note.with_name(f"{note.name}.lock")


class Processes:
    """One reaper, started when first needed and again should it die."""

    def __init__(self) -> None:
        self._reaper: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    async def run(self, pipeline: Pipeline, limits: Limits) -> Outcome:
        """Raises TemporaryError when what became of the command is not known (its supervisor was killed)."""
        try:
            return await self._run(pipeline, limits)
        except (
            NotStartedError
        ):  # the reaper died with the request unread: another one may do better
            await self.close()
        try:
            return await self._run(pipeline, limits)
        except NotStartedError as error:
            return Outcome(None, fault="unreachable", words=str(error))

    async def _run(self, pipeline: Pipeline, limits: Limits) -> Outcome:
        channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        channel.setblocking(False)
        streams = Stream(limits.head, limits.tail), Stream(limits.head, limits.tail)
        try:
            with theirs:
                self._submit(pipeline, theirs, streams)
            exits, timed_out = await _follow(channel, limits)
        finally:
            channel.close()
            _lock_of(pipeline.note).unlink(missing_ok=True)
            for stream in streams:
                stream.finish()
        return _outcome(exits, timed_out, limits, streams)

    def _submit(
        self, pipeline: Pipeline, theirs: socket.socket, streams: tuple[Stream, Stream]
    ) -> None:
        pipeline.note.parent.mkdir(parents=True, exist_ok=True)
        spec = os.memfd_create("parley-spec")
        # The lock belongs to the open file, which the supervisor gets: it is free when the supervisor is gone.
        lock = os.open(_lock_of(pipeline.note), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(spec, _encode(pipeline))
            os.lseek(spec, 0, os.SEEK_SET)
            fds = [theirs.fileno(), spec, *(stream.into for stream in streams), lock]
            try:
                socket.send_fds(self._started(), [b"x"], fds)
            except OSError:  # the reaper is gone, and the request never reached it
                self._stop()
                socket.send_fds(self._started(), [b"x"], fds)
        finally:
            os.close(spec)
            os.close(lock)
        for stream in streams:
            stream.passed()

    def _started(self) -> socket.socket:
        if self._control is None:
            self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._reaper = subprocess.Popen(
                    [sys.executable, "-I", "-S", str(_REAPER), str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    env={},
                    start_new_session=True,
                )
        return self._control

    def warm(self) -> None:
        """Start the reaper now, so that the first command need not wait for it."""
        self._started()

    def _stop(self) -> None:
        control, reaper = self._control, self._reaper
        self._control = self._reaper = None
        if control is not None and reaper is not None:
            control.close()
            reaper.wait(_LAST_WAIT)

    async def close(self) -> None:
        """Stop the reaper. Commands still running end with their own connections."""
        await asyncio.to_thread(self._stop)


def _encode(pipeline: Pipeline) -> bytes:
    spec = {
        "stages": pipeline.stages,
        "env": pipeline.env,
        "cwd": str(pipeline.cwd),
        "note": str(pipeline.note),
        "spares": pipeline.spares,
    }
    return json.dumps(spec).encode()


async def _follow(channel: socket.socket, limits: Limits) -> tuple[list[int], bool]:
    """The exit codes, and whether time ran out. Cancelled: ends everything first."""
    try:
        async with asyncio.timeout(limits.timeout):
            return await _report(channel), False
    except TimeoutError:
        return await _end(channel, limits.grace), True
    except asyncio.CancelledError:
        with contextlib.suppress(TemporaryError):
            await _end(channel, limits.grace)
        raise


async def _report(channel: socket.socket, *, begun: bool = False) -> list[int]:
    while True:
        word = await _hear(channel)
        if word.startswith(b"{"):
            exits: list[int] = json.loads(word)["exits"]
            return exits
        if not word and begun:
            raise TemporaryError(
                "The process that supervises the command was killed: it may or may not have run."
            )
        if not word:
            raise NotStartedError(
                "No process could be started for the command, so it was not run.",
                "Look at memory and process limits.",
            )
        begun = True


async def _hear(channel: socket.socket) -> bytes:
    loop = asyncio.get_running_loop()
    try:
        return await loop.sock_recv(channel, 65536)
    except (
        ConnectionResetError
    ):  # said once when it closed with our word unread; what it said before is still there
        return await loop.sock_recv(channel, 65536)


async def _end(channel: socket.socket, grace: float) -> list[int]:
    for word, patience in ((b"T", grace), (b"K", _LAST_WAIT)):
        with contextlib.suppress(OSError):  # it has ended: its report is still to be read
            channel.send(word)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                return await _report(channel, begun=True)
    raise TemporaryError(
        "The command could not be ended: it does not answer SIGKILL.", "Look at the machine."
    )


def _outcome(
    exits: list[int], timed_out: bool, limits: Limits, streams: tuple[Stream, Stream]
) -> Outcome:
    output, errors = (stream.kept for stream in streams)
    return Outcome(
        exit=None if timed_out else exit_of(exits),
        output=output.data,
        errors=errors.data,
        dropped=output.dropped + errors.dropped,
        exits=tuple(exits),
        fault="timeout" if timed_out else "",
        words=f"It did not end within {limits.timeout:g} s and was ended." if timed_out else "",
    )
