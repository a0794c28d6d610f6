"""A real nginx in a folder of its own, on a port the kernel chose. Used by the tests of packs and of acceptance.

from tests.servers.nginx import Nginx, running      with running(tmp_path) as nginx: …
"""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROGRAM = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
MISSING = "nginx is not installed (apt install nginx-light)"
READY_SECONDS = 20.0

_CONF = """\
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log notice;
worker_processes 1;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/temp/body;
    proxy_temp_path {folder}/temp/proxy;
    fastcgi_temp_path {folder}/temp/fastcgi;
    uwsgi_temp_path {folder}/temp/uwsgi;
    scgi_temp_path {folder}/temp/scgi;
    server {{
        listen {port} default_server;
        return 200 "the default site\\n";
    }}
    include {folder}/sites-enabled/*;
}}
"""


@dataclass(frozen=True, slots=True)
class Nginx:
    """Where it is. `prefix` holds sites-available and sites-enabled, `www` the static sites."""

    prefix: Path
    port: int
    pid: int

    @property
    def vars(self) -> dict[str, str]:
        """An agent's `vars` for the pack nginx-sites."""
        return {
            "prefix": str(self.prefix),
            "listen": str(self.port),
            "log": str(self.prefix / "error.log"),
            "www": str(self.prefix / "www"),
        }


def free_port() -> int:
    """A port that was free on loopback a moment ago."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port


def await_port(port: int, process: subprocess.Popen[bytes], seconds: float = READY_SECONDS) -> None:
    """Return when something accepts on the port. Raises RuntimeError when its process ends, or after so many seconds."""
    last = time.monotonic() + seconds
    while time.monotonic() < last:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode} before it listened")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"nothing listens on port {port} after {seconds:.0f} s")


def end(process: subprocess.Popen[bytes]) -> None:
    """End a server that we started, and wait until it is gone."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Nginx]:
    """An nginx below `folder`, with a default site that answers 200 to every name."""
    assert PROGRAM is not None, MISSING
    for name in ("sites-available", "sites-enabled", "www", "temp"):
        (folder / name).mkdir(parents=True)
    port = free_port()
    user = (
        "user root;" if os.geteuid() == 0 else ""
    )  # so that its workers may read a private folder
    conf = folder / "nginx.conf"
    conf.write_text(_CONF.format(folder=folder, port=port, user=user))
    process = subprocess.Popen(
        [PROGRAM, "-c", str(conf), "-g", "daemon off;"],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await_port(port, process)
        yield Nginx(folder, port, process.pid)
    finally:
        end(process)
