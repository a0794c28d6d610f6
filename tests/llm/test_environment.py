"""Nothing that the SDKs look for in the environment counts, and no SDK is imported before it is needed."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.llm.scenes import KEY, KINDS, NAMES, answer

PATIENCE = 60
EVIL = "http://127.0.0.1:9"
POISON = {
    "ANTHROPIC_API_KEY": "sk-poison",
    "ANTHROPIC_AUTH_TOKEN": "sk-poison",
    "ANTHROPIC_BASE_URL": EVIL,
    "ANTHROPIC_CUSTOM_HEADERS": "Authorization: Bearer sk-poison\nHost: poison\nX-Poison: poison\nanthropic-beta: poison",
    "ANTHROPIC_LOG": "debug",
    "ANTHROPIC_PROFILE": "poison",
    "OPENAI_API_KEY": "sk-poison",
    "OPENAI_ADMIN_KEY": "sk-poison",
    "OPENAI_BASE_URL": EVIL,
    "OPENAI_CUSTOM_HEADERS": "Authorization: Bearer sk-poison\nHost: poison\nX-Poison: poison",
    "OPENAI_LOG": "debug",
    "OPENAI_ORG_ID": "poison",
    "OPENAI_PROJECT_ID": "poison",
    "HTTP_PROXY": EVIL,
    "http_proxy": EVIL,
    "HTTPS_PROXY": EVIL,
    "ALL_PROXY": EVIL,
}
ASKS = """
import asyncio, json, sys
from bot.clock import SystemClock
from bot.model.llm import Prompt, Said
from bot.plugins import find

kind, table = sys.argv[1], json.loads(sys.argv[2])

async def main():
    plugin = find("llm", kind)
    model = plugin.load()("it", plugin.settings.model_validate(table), SystemClock())
    async for piece in model.reply(Prompt("", (), (Said("user", "the question itself"),))):
        print(piece)
    await model.close()

asyncio.run(main())
"""


@pytest.fixture
def heard() -> Iterator[tuple[str, list[tuple[str, dict[str, str]]]]]:
    """A service on this machine, and the path and headers of every request to it."""
    found: list[tuple[str, dict[str, str]]] = []

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            self.rfile.read(int(self.headers["Content-Length"]))
            kind = "anthropic" if self.path.endswith("messages") else "openai"
            body = b"".join(answer(kind, "Hello"))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("key", [KEY, None])
@pytest.mark.parametrize("kind", KINDS)
def test_a_poisoned_environment_changes_nothing(
    kind: str, key: str | None, heard: tuple[str, list[tuple[str, dict[str, str]]]], tmp_path: Path
) -> None:
    url, found = heard
    table = {"model": NAMES[kind], "api_key": key, "base_url": url, "timeout": 10, "tries": 1}
    done = subprocess.run(
        [sys.executable, "-c", ASKS, kind, json.dumps(table)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, **POISON, "HOME": str(tmp_path)},
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Piece(text='Hello', tool='')\n")
    ((path, headers),) = found
    assert path == ("/v1/messages" if kind == "anthropic" else "/chat/completions")
    assert headers.get("authorization") == (f"Bearer {key}" if key else None)
    assert headers["host"] == url.removeprefix("http://")
    assert "poison" not in f"{headers}"
    wanted = {"host", "accept-encoding", "content-type", "user-agent", "content-length"}
    wanted |= {"authorization"} if key else set()
    wanted |= {"anthropic-version"} if kind == "anthropic" else set()
    assert set(headers) == wanted
    # ANTHROPIC_LOG and OPENAI_LOG would write every question down.
    assert "the question itself" not in done.stderr
    assert "sk-" not in done.stderr


IMPORTS = """
import asyncio, sys
from bot.config import build
from pathlib import Path

tables = {name: {"model": "m", "base_url": "http://127.0.0.1:9"} for name in ("anthropic", "openai", "ollama")}
configuration = build({"llm": {"order": ["anthropic", "openai", "ollama"], **tables}}, None, Path("."), {})
assert [each.name for each in configuration.llm.providers] == ["anthropic", "openai", "ollama"]
for name in sys.argv[1:]:
    provider = next(each for each in configuration.llm.providers if each.name == name)
    provider.plugin.load()
print(*sys.modules)
"""
SDKS = {"anthropic", "openai", "httpx2", "genai_prices"}


@pytest.mark.parametrize(
    ("loaded", "brought"),
    [
        ((), set()),
        (("anthropic",), SDKS - {"openai"}),
        (("openai",), SDKS - {"anthropic"}),
        (("ollama",), SDKS - {"anthropic"}),
    ],
)
def test_only_what_is_asked_brings_its_sdk(loaded: tuple[str, ...], brought: set[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS, *loaded],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert {name.partition(".")[0] for name in done.stdout.split()} & SDKS == brought
