"""The Slack stand-in that others wrote (pinned in install_local_slack.sh). It binds every interface, so it runs only inside a
network namespace of its own, and with it whoever talks to it: tests/chat/slack/test_local_slack.py."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

Json = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / ".node" / "node_modules" / "local-slack-linux-x64" / "bin" / "local-slack"
INSIDE = "PARLEY_TESTS_ALONE_ON_THE_NETWORK"
"""Set for processes in the namespace."""

PORT, LISTEN = 3000, "127.0.0.1:4000"
BOT_TOKEN, APP_TOKEN, SECRET = "xoxb-test-token", "xapp-test-token", "test-signing-secret"


def wrap(command: list[str]) -> list[str]:
    """The command in a network namespace with loopback alone. Words reach it as arguments, never as shell text."""
    user = [] if os.geteuid() == 0 else ["-r"]
    return ["unshare", *user, "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *command]


def absent() -> str:
    """Why it cannot be started here; empty when it can."""
    if not PROGRAM.exists():
        return "local-slack is not installed: run tests/servers/install_local_slack.sh"
    try:
        tried = subprocess.run(wrap(["true"]), capture_output=True, timeout=20, check=False)
    except OSError as error:
        return f"no network namespace can be made here: {error}"
    return (
        "" if tried.returncode == 0 else f"no network namespace can be made here: {tried.stderr!r}"
    )


class LocalSlack:
    """One server. `mode` is socket or events."""

    def __init__(self, folder: Path, mode: str) -> None:
        self._folder = folder
        self.url = f"http://127.0.0.1:{PORT}/api/"
        configuration = {
            "workspace": {"name": "T", "domain": "t", "teamId": "T01TEST"},
            "app": {
                "appId": "A01APP",
                "botUserId": "U0BOT",
                "botName": "testbot",
                "botToken": BOT_TOKEN,
                "appToken": APP_TOKEN,
                "signingSecret": SECRET,
                "mode": mode,
                "requestUrl": f"http://{LISTEN}/slack/events",
            },
            "users": [
                {
                    "id": "U01ALICE",
                    "name": "alice",
                    "real_name": "Alice",
                    "email": "alice@example.com",
                },
                {"id": "U02BOB", "name": "bob", "real_name": "Bob", "email": "bob@example.com"},
            ],
            "channels": [
                {"id": "C01GEN", "name": "general", "members": ["U01ALICE", "U02BOB", "U0BOT"]}
            ],
        }
        self._configuration = folder / "local-slack.json"
        self._configuration.write_text(json.dumps(configuration))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it answers. Raises RuntimeError with its words when it dies first."""
        options = [
            "--config",
            str(self._configuration),
            "--port",
            str(PORT),
            "--base-host",
            "127.0.0.1",
        ]
        with (self._folder / "local-slack.out").open("ab") as out:
            self._process = subprocess.Popen(
                [str(PROGRAM), *options],
                cwd=self._folder,
                stdout=out,
                stderr=out,
                env={"PATH": os.environ.get("PATH", ""), "HOME": str(self._folder)},
            )
        deadline = time.monotonic() + 30
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self._folder / "local-slack.out").read_text()[-2000:])
            time.sleep(0.02)

    def close(self) -> None:
        """End it, by its own pid."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def control(self, what: str, **body: Any) -> Json:
        """What a person does: message, reaction, interact, command, edit-message …"""
        raw = json.dumps(body).encode()
        url = self.url.replace("/api/", f"/_control/{what}")
        request = urllib.request.Request(url, raw, {"Content-Type": "application/json"})
        return self._answer(request)

    def read(self, what: str) -> Json:
        """state, log, or messages/CHANNEL."""
        return self._answer(urllib.request.Request(self.url.replace("/api/", f"/_control/{what}")))

    def _answer(self, request: urllib.request.Request) -> Json:
        with _DIRECT.open(request, timeout=20) as answer:
            decoded: Json = json.load(answer)
            return decoded

    def _answers(self) -> bool:
        try:
            self.read("state")
        except (OSError, urllib.error.URLError):
            return False
        return True


_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
