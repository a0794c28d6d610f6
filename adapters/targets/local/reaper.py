"""The process between the bot and its commands, so that a command dies with the bot, with everything it started.

Started once by `adapters.targets.local.processes` as `python -I -S reaper.py FD`; it needs only the standard library.
The first process only forks: for every attempt a supervisor, which becomes the subreaper of all that the attempt's
commands start, so that whatever forks or sets a session of its own is still found below it. A supervisor speaks with the
bot over a socket of its own (SOCK_SEQPACKET): it says `begin` before anything is started and `{"exits": [...]}` at the
end; it hears `T` (SIGTERM to all), `K` (SIGKILL to all), and the end of the connection, which means that the bot is dead.

What a finished command leaves running (a daemon) may stay, but only once that is on record: the supervisor puts a note with
the exits into place and goes. As long as it lives it holds a lock that the bot made for it, so that a bot that comes back
can wait until nothing of the old attempt changes any more, and then see whether there is a note (`processes.recall`).
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import socket
import sys
import time
from typing import Any

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PAUSE_MS = 10

_libc = ctypes.CDLL(None, use_errno=True)


def serve(control: socket.socket) -> None:
    """Fork a supervisor for every request, until the bot closes its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # finished supervisors leave no zombies
    while True:
        data, fds, _, _ = socket.recv_fds(control, 1, 5)
        if not data:
            return
        for fd in fds:
            os.set_inheritable(fd, False)
        with contextlib.suppress(
            OSError
        ):  # no process to be had: the bot sees its socket close before `begin`
            if os.fork() == 0:
                control.close()
                _supervise(*fds)
        for fd in fds:
            os.close(fd)


def _supervise(channel_fd: int, spec_fd: int, out: int, errors: int, _lock: int) -> None:
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        with open(spec_fd, encoding="utf-8") as file:
            spec = json.load(file)
        channel = socket.socket(fileno=channel_fd)
        channel.send(b"begin")
        pids = _start(spec, out, errors)
        os.close(out)
        os.close(errors)
        exits = _watch(channel, pids, spares=spec["spares"])
        if _reap({}):
            _leave(spec["note"], exits)
        _say(channel, {"exits": exits})
        status = 0
    finally:
        if status:
            _slay({})
        os._exit(status)


def _start(spec: dict[str, Any], out: int, errors: int) -> list[int]:
    pids: list[int] = []
    before = os.open("/dev/null", os.O_RDONLY)
    for number, argv in enumerate(spec["stages"], start=1):
        last = number == len(spec["stages"])
        after, into = (-1, out) if last else os.pipe()
        pid = os.fork()
        if pid == 0:
            _become(argv, spec, (before, into, errors), pids[0] if pids else 0)
        pids.append(pid)
        os.close(before)
        if not last:
            os.close(into)
        before = after
    return pids


def _become(
    argv: list[str], spec: dict[str, Any], streams: tuple[int, int, int], group: int
) -> None:
    try:
        with contextlib.suppress(OSError):  # the first stage may have ended, and its group with it
            os.setpgid(0, group)
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        for ignored in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
            signal.signal(ignored, signal.SIG_DFL)
        for number, fd in enumerate(streams):
            os.dup2(fd, number)
        os.chdir(spec["cwd"])
        os.execvpe(argv[0], argv, spec["env"])
    except (OSError, ValueError) as error:
        os.write(2, f"{argv[0]}: {error}\n".encode(errors="replace"))
    finally:
        os._exit(126)


def _watch(channel: socket.socket, pids: list[int], *, spares: bool) -> list[int]:
    """The exit codes, in order, when every stage has ended (after `T` or `K`: when everything has ended)."""
    codes: dict[int, int] = {}
    poller = select.poll()
    poller.register(channel, select.POLLIN)
    for pid in pids:
        poller.register(os.pidfd_open(pid), select.POLLIN)
    ending = False
    while _reap(codes) if ending else not codes.keys() >= set(pids):
        ready = {fd for fd, _ in poller.poll(PAUSE_MS if ending else None)}
        for handle in ready - {channel.fileno()}:
            poller.unregister(handle)
        if channel.fileno() in ready:
            ending = True
            _obey(_hear(channel), codes, set(pids) if spares else set())
        _reap(codes)
    return [codes[pid] for pid in pids]


def _obey(word: bytes, codes: dict[int, int], spared: set[int]) -> None:
    if word == b"T":
        # bubblewrap's own process would die at once and take the command along: only the inside hears it
        _signal(signal.SIGTERM, spared)
    else:
        _slay(codes)


def _hear(channel: socket.socket) -> bytes:
    try:
        return channel.recv(16)
    except ConnectionResetError:  # the bot died with our words unread
        return b""


def _signal(number: int, spared: set[int]) -> None:
    """Parents first: a shell whose `sleep` ends before itself would go on with its next line."""
    for pid in [each for each in _descendants() if each not in spared]:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _reap(codes: dict[int, int]) -> bool:
    """Collect who has ended; whether anybody is left."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True
        code = os.waitstatus_to_exitcode(status)
        codes[pid] = code if code >= 0 else 128 - code


def _slay(codes: dict[int, int]) -> None:
    """SIGKILL until nobody is left: who loses its parent becomes our child and is met in the next round."""
    while _reap(codes):
        _signal(signal.SIGKILL, set())
        time.sleep(0.002)


def _descendants() -> list[int]:
    """Everybody below us, each behind its parent."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            children.setdefault(_parent(name), []).append(int(name))
    found, queue = [], [os.getpid()]
    while queue:
        below = children.get(queue.pop(0), [])
        found += below
        queue += below
    return found


def _parent(name: str) -> int:
    try:
        with open(f"/proc/{name}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, IndexError):  # it ended meanwhile
        return 0


def _leave(note: str, exits: list[int]) -> None:
    """Put on record that the command ended by itself and what it left may stay."""
    draft = f"{note}.draft"
    with open(draft, "w", encoding="ascii") as file:
        json.dump(exits, file)
    os.rename(draft, note)


def _say(channel: socket.socket, message: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # the bot died meanwhile: there is nothing left to end
        channel.send(json.dumps(message).encode())


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
