"""aimock, which others wrote: a stand-in for Anthropic, OpenAI, Ollama and speech services, on loopback."""

import contextlib
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

PROGRAM = Path(__file__).parents[2] / ".node/aimock/node_modules/@copilotkit/aimock/dist/cli.js"


def absent() -> str:
    """Why it cannot be started; "" where it can."""
    return "" if PROGRAM.exists() else "aimock is missing: sh tests/servers/install_aimock.sh"


@contextlib.contextmanager
def serving(fixtures: Path, *flags: str) -> Iterator[str]:
    """It answers with `fixtures`, a file or a folder of them. Its URL, without /v1."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [
            "node",
            PROGRAM,
            "-p",
            str(port),
            "-f",
            fixtures,
            "--strict",
            "--validate-on-load",
            *flags,
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _answers(f"http://127.0.0.1:{port}/health", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _answers(url: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        assert process.poll() is None, "aimock ended"
        with contextlib.suppress(OSError):
            urllib.request.urlopen(url, timeout=5).close()
            return
        time.sleep(0.1)
    raise AssertionError("aimock never answered")
