"""A real web server for a folder, on loopback: what `make demo` serves its sites with."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.servers.nginx import await_port, end, free_port


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[int]:
    """Serve the folder's files; the port is what comes out."""
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    process = subprocess.Popen(
        [*command, "--directory", str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await_port(port, process)
        yield port
    finally:
        end(process)
