"""Peers run in their own Python. Used by the benches that have one."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.bench.chat import ROOT, environment

PEERS = Path(__file__).parent / "peers"


def peer(name: str, *arguments: str) -> dict[str, Any] | None:
    """What `peers/NAME_peer.py` prints, run by the peer's own Python; None where the peer is not installed."""
    python = ROOT / ".venv-peers" / name / "bin" / "python"
    if not python.exists():
        return None
    done = subprocess.run(
        [python, "-W", "ignore", PEERS / f"{name}_peer.py", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(),
        timeout=120,
        check=False,
    )
    lines = done.stdout.decode().splitlines()
    return json.loads(lines[-1]) if done.returncode == 0 and lines else None


class Watch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._begun = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._begun
