"""A folder of sites, served from inside the test's own process: what the pack demo-site needs to verify itself.

Used by tests/contracts; it starts at once, where a process of its own (`static`) would take a while for every test.
"""

import contextlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: Any) -> None:
        return


@contextlib.contextmanager
def served(folder: Path) -> Iterator[int]:
    """Serve the folder's files on loopback; the port is what comes out."""
    folder.mkdir(parents=True, exist_ok=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
