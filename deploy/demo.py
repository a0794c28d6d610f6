"""`make demo`: the main job on this machine, with nothing configured. In a terminal it is an interactive chat; without one
it plays a short story to its end, prints it, and exits 0.

Everything happens below var/demo: a folder of sites, the web server that serves it on loopback, and the bot's own data.
"""

import itertools
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

FOLDER = Path("var/demo").resolve()
PARLEY = Path(sys.executable).with_name("parley")

CONFIGURATION = """\
# Written by `make demo` at every start.
[bot]
data = "data"

[chat.console]
impersonate = true

[[agents]]
name = "web1"
aliases = ["web"]
target = "local:{sites}"
packs = ["demo-site", "linux-facts"]
level = 3
vars = {{ root = "{sites_path}", port = {port} }}

[[agents]]
name = "staging"                        # nothing listens on its port: what is made here fails and is rolled back
target = "local:{staging}"
packs = ["demo-site"]
level = 2
vars = {{ root = "{staging_path}", port = {closed} }}

[[people]]
name = "alice"
roles = ["operator", "lead"]

[[people]]
name = "bob"
roles = ["operator"]
"""

BANNER = """\
This is Parley in a sandbox. You are alice; the sites you make are at http://127.0.0.1:{port}/

  @infra what is using the disk on web1?
  @infra create a site called {site} on web1        then ✅ (or: approve) and open http://127.0.0.1:{port}/{site}/
  @infra create a site called {site} on staging     approve it and watch it fail and be rolled back
  @infra help
"""


class Sites(SimpleHTTPRequestHandler):
    """The static file server; quiet."""

    def log_message(self, format: str, *arguments: Any) -> None:
        return


def main() -> int:
    """Serve the sites, write the configuration, then talk or tell."""
    sites, staging = FOLDER / "sites", FOLDER / "staging"
    for folder in (sites, staging):
        folder.mkdir(parents=True, exist_ok=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Sites, directory=str(sites)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    # A port that was bound a moment ago and is closed now: nothing answers there.
    with ThreadingHTTPServer(("127.0.0.1", 0), Sites) as gone:
        closed = gone.server_address[1]
    configuration = FOLDER / "parley.toml"
    configuration.write_text(
        CONFIGURATION.format(
            sites=_target(sites),
            sites_path=sites,
            staging=_target(staging),
            staging_path=staging,
            port=port,
            closed=closed,
        ),
        encoding="utf8",
    )
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    try:
        return talk(configuration, port) if interactive else tell(configuration)
    finally:
        server.shutdown()


def _target(folder: Path) -> str:
    """In a sandbox where bubblewrap starts; else as yourself, said aloud."""
    bwrap = shutil.which("bwrap")
    probe = ["bwrap", "--unshare-pid", "--ro-bind", "/", "/", "true"]
    if bwrap and subprocess.run(probe, capture_output=True, check=False).returncode == 0:
        return str(folder)
    print(
        "bubblewrap cannot start here: the demo's commands run without a sandbox.", file=sys.stderr
    )
    return ""


def talk(configuration: Path, port: int) -> int:
    """The interactive chat."""
    print(BANNER.format(port=port, site=_unused()))
    return subprocess.run(
        [PARLEY, "-c", configuration, "chat", "--as", "alice"], check=False
    ).returncode


def _unused() -> str:
    """A site that no earlier demo has left: the first thing somebody tries shall work."""
    names = itertools.chain(["hello"], (f"hello{number}" for number in itertools.count(2)))
    return next(name for name in names if not (FOLDER / "sites" / name).exists())


class Story:
    """A conversation over `parley chat --json`: what is written goes in, what the bot says is printed and returned."""

    def __init__(self, configuration: Path) -> None:
        self._chat = subprocess.Popen(
            [PARLEY, "-c", configuration, "chat", "--json"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self._lines = self._read()

    def _read(self) -> Iterator[dict[str, Any]]:
        assert self._chat.stdout is not None
        for line in self._chat.stdout:
            yield json.loads(line)

    def says(self, person: str, text: str, thread: str) -> None:
        print(f"\n{person}: {text}")
        self._send(
            {
                "id": f"{os.getpid()}-{thread}",
                "as": person,
                "text": text,
                "thread": f"{os.getpid()}-{thread}",
            }
        )

    def reacts(self, person: str, emoji: str, message: str) -> None:
        print(f"{person} reacts: {emoji}\n")
        self._send({"as": person, "react": emoji, "to": message})

    def hears(self, *kinds: str) -> dict[str, Any]:
        """The next post of one of these kinds; card edits on the way are shown by their first line."""
        for line in self._lines:
            report = line.get("report") or {}
            if line["event"] == "post" and report.get("kind") in kinds:
                print(_indented(line["text"]))
                return line
            if line["event"] == "edit":
                print(f"  … {line['text'].splitlines()[0]}")
        raise SystemExit("The bot ended in the middle of the story.")

    def sees(self, message: str, state: str) -> None:
        """The card, once it has reached a state."""
        for line in self._lines:
            plan = (line.get("report") or {}).get("plan") or {}
            if line.get("message") == message and plan.get("state") == state:
                print(f"  … {line['text'].splitlines()[0]}")
                return
        raise SystemExit("The bot ended in the middle of the story.")

    def _send(self, line: dict[str, Any]) -> None:
        assert self._chat.stdin is not None
        self._chat.stdin.write(json.dumps(line) + "\n")
        self._chat.stdin.flush()

    def end(self) -> int:
        assert self._chat.stdin is not None
        self._chat.stdin.close()
        for line in self._lines:
            if line["event"] == "post":
                print(_indented(line["text"]))
        return self._chat.wait()


def _indented(text: str) -> str:
    return "\n".join(f"  | {line}" for line in text.splitlines())


def tell(configuration: Path) -> int:
    """A question, a plan approved and run, one rejected, one that fails and is rolled back."""
    for left in ("sites/hello", "sites/draft", "staging/hello"):
        shutil.rmtree(FOLDER / left, ignore_errors=True)
    story = Story(configuration)
    story.says("alice", "@infra ask web1 about disk space", "question")
    story.hears("answer")
    story.says("alice", "@infra create a site called hello on web1", "approved")
    story.reacts("bob", "✅", story.hears("plan")["message"])
    story.hears("result")
    story.says("alice", "@infra create a site called draft on web1", "rejected")
    card = story.hears("plan")["message"]
    story.reacts("bob", "❌", card)
    story.sees(card, "rejected")
    story.says("alice", "@infra create a site called hello on staging", "failed")
    story.reacts("bob", "✅", story.hears("plan")["message"])
    story.hears("result")
    return story.end()


if __name__ == "__main__":
    sys.exit(main())
