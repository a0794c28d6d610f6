"""Every platform for every contract: a fresh room, fresh accounts and a fresh data folder each; one Synapse for all."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from tests.contracts.console_room import ConsoleRoom
from tests.contracts.discord_room import DiscordRoom
from tests.contracts.matrix_room import MatrixRoom, register
from tests.contracts.room import Room
from tests.contracts.slack_room import SlackRoom
from tests.servers.sites import served
from tests.servers.synapse import Synapse, User, absent


@pytest.fixture(scope="session")
def synapse() -> Iterator[Synapse]:
    if absent():
        pytest.skip(absent())
    server = Synapse()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def users(synapse: Synapse) -> dict[str, User]:
    """The people's accounts; each test has a bot and a room of its own."""
    return register(synapse)


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Where the test's own sites are served."""
    with served(tmp_path / "sites") as port:
        yield port


@pytest.fixture
async def console(tmp_path: Path, port: int) -> AsyncIterator[ConsoleRoom]:
    room = ConsoleRoom(tmp_path, port)
    try:
        await room.start_bot()
        yield room
    finally:
        await room.close()


@pytest.fixture
async def matrix(
    synapse: Synapse, users: dict[str, User], tmp_path: Path, port: int
) -> AsyncIterator[MatrixRoom]:
    room = MatrixRoom(synapse, users, tmp_path, port)
    try:
        await room.start_bot()
        yield room
    finally:
        await room.close()


@pytest.fixture
async def slack(tmp_path: Path, port: int) -> AsyncIterator[SlackRoom]:
    room = SlackRoom(tmp_path, port)
    try:
        await room.open()
        yield room
    finally:
        await room.close()


@pytest.fixture
async def discord(tmp_path: Path, port: int) -> AsyncIterator[DiscordRoom]:
    room = DiscordRoom(tmp_path, port)
    try:
        await room.open()
        yield room
    finally:
        await room.close()
    assert room.wrong() == []


@pytest.fixture(params=["console", "matrix", "slack", "discord"])
def room(request: pytest.FixtureRequest) -> Room:
    """The room of one platform, the bot listening in it."""
    found: Room = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def sites(tmp_path: Path) -> Callable[[], list[str]]:
    """The names of the sites that exist."""
    return lambda: sorted(path.name for path in (tmp_path / "sites").iterdir())
