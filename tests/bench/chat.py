"""A real `parley chat --json` process to be measured. Used by every bench that speaks to the bot."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[2]
PARLEY = Path(sys.executable).with_name("parley")

CONFIGURATION = """\
[bot]
data = "data"

[capabilities]
paths = [{paths}]

[chat.console]
impersonate = true

[[agents]]
name = "web1"
target = "local:"
packs = [{packs}]
level = 3

[[people]]
name = "alice"
roles = ["operator"]

[[people]]
name = "bob"
roles = ["operator"]
"""


def environment() -> dict[str, str]:
    """As a person's: compiled modules are kept, whatever this process was told."""
    dropped = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
    return {name: value for name, value in os.environ.items() if name not in dropped}


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder on the disk that the repository is on: elsewhere a commit may cost nothing."""
    base = ROOT / "var" / "bench"
    base.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=base) as name:
        yield Path(name)


def configure(folder: Path, packs: Iterable[str] = ("linux-facts",), paths: str = "") -> Path:
    """A configuration with one agent, web1, in `folder`; the data folder is beside it, on disk."""
    listed = ", ".join(json.dumps(pack) for pack in packs)
    path = folder / "parley.toml"
    path.write_text(CONFIGURATION.format(packs=listed, paths=json.dumps(paths) if paths else ""))
    return path


def line(id: str, text: str, by: str = "alice") -> bytes:
    """One request in a thread of its own."""
    return (
        json.dumps({"id": id, "as": by, "text": f"@infra {text}", "thread": f"t-{id}"}) + "\n"
    ).encode()


class Bot:
    """The process, spoken to in bytes so that the measuring costs little."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self._in: IO[bytes] = process.stdin  # type: ignore[assignment]  # it is a pipe
        self._out: IO[bytes] = process.stdout  # type: ignore[assignment]  # it is a pipe

    def write(self, data: bytes) -> None:
        self._in.write(data)
        self._in.flush()

    def lines(self) -> Iterator[bytes]:
        """What it prints. Raises RuntimeError when it ends."""
        while printed := self._out.readline():
            yield printed
        raise RuntimeError(f"parley ended with {self.process.wait()}")

    def post(self) -> dict[str, Any]:
        """The next post."""
        found: dict[str, Any] = json.loads(next(each for each in self.lines() if is_post(each)))
        return found

    def ask(self, id: str, text: str) -> dict[str, Any]:
        """Ask, and wait for the next post."""
        self.write(line(id, text))
        return self.post()

    def pour(self, data: bytes, posts: int) -> None:
        """Write everything at once; return when so many posts have come out."""
        writer = threading.Thread(target=self.write, args=(data,))
        writer.start()
        for printed in self.lines():
            posts -= is_post(printed)
            if not posts:
                break
        writer.join()

    def end(self) -> None:
        """End of input: it finishes what runs, and exits."""
        self._in.close()
        self._out.read()
        self.process.wait(60)


def is_post(printed: bytes) -> bool:
    return printed.startswith(b'{"event":"post"')


@contextmanager
def parley(configuration: Path) -> Iterator[Bot]:
    """The process, ready: it has answered once. Ended through the end of its input."""
    process = subprocess.Popen(
        [PARLEY, "-c", configuration, "chat", "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(),
        bufsize=1 << 16,
    )
    bot = Bot(process)
    try:
        bot.ask(f"ready-{time.time_ns()}", "status")  # an id that this data has seen is ignored
        yield bot
    finally:
        bot.end()
