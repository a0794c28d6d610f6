"""Machines and servers for the tests of packs."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.packs.machine import Machine
from tests.servers import nginx as nginx_server
from tests.servers.nginx import Nginx
from tests.servers.static import serving


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    """This machine, with no vars."""
    made = Machine(tmp_path / "data")
    yield made
    await made.close()


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Nginx]:
    """A real nginx of its own."""
    if nginx_server.PROGRAM is None:
        pytest.skip(nginx_server.MISSING)
    with nginx_server.running(tmp_path / "nginx") as running:
        yield running


@pytest.fixture
async def web(nginx: Nginx, tmp_path: Path) -> AsyncIterator[Machine]:
    """This machine, with the vars of that nginx."""
    made = Machine(tmp_path / "data", nginx.vars)
    yield made
    await made.close()


@pytest.fixture
def sites(tmp_path: Path) -> Path:
    """The folder of the demo sites; one is there already."""
    folder = tmp_path / "sites"
    (folder / "welcome").mkdir(parents=True)
    (folder / "welcome" / "index.html").write_text("<h1>welcome</h1>\n")
    return folder


@pytest.fixture
def port(sites: Path) -> Iterator[int]:
    """Where a real web server serves that folder."""
    with serving(sites) as port:
        yield port
