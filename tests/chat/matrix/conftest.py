"""A real Synapse for all tests of this folder, people in it, and the adapter under test with somebody who listens to it."""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.chat.matrix.scenes import Bench, Scene, joined
from tests.chat.matrix.secrecy import Phone, Secret, enter, numbers
from tests.servers.matrix_driver import Driver
from tests.servers.matrix_sealed import SealedDriver
from tests.servers.synapse import Synapse, User, absent

_numbers = itertools.count(1)


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
def people(synapse: Synapse) -> dict[str, User]:
    return {name: synapse.register(name) for name in ("alice", "bob")}


@pytest.fixture
async def alice(synapse: Synapse, people: dict[str, User]) -> AsyncIterator[Driver]:
    async with Driver(synapse.url, people["alice"].id, people["alice"].token) as driver:
        yield driver


@pytest.fixture
async def bob(synapse: Synapse, people: dict[str, User]) -> AsyncIterator[Driver]:
    async with Driver(synapse.url, people["bob"].id, people["bob"].token) as driver:
        yield driver


@pytest.fixture
async def bench(synapse: Synapse, tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(synapse, synapse.register(f"bot{next(_numbers)}"), tmp_path / "data")
    try:
        yield bench
    finally:
        await bench.close()


@pytest.fixture
async def scene(bench: Bench, alice: Driver) -> Scene:
    chat = bench.chat()
    ears = bench.hear(chat)
    await ears.placed()
    room = await alice.create(bench.user.id)
    await joined(alice, room, bench.user.id)
    return Scene(bench, room, chat, ears)


@pytest.fixture
async def phone(synapse: Synapse, tmp_path: Path) -> AsyncIterator[Phone]:
    """A new device of somebody."""
    made: list[SealedDriver] = []

    async def make(user: User) -> SealedDriver:
        driver = SealedDriver(synapse.url, user, tmp_path / f"phone{next(numbers)}")
        made.append(driver)
        return await driver.start()

    yield make
    for each in made:
        await each.close()


@pytest.fixture
async def carol(synapse: Synapse) -> User:
    return synapse.register(f"carol{next(numbers)}")


@pytest.fixture
async def secret(bench: Bench, phone: Phone, carol: User) -> Secret:
    return await enter(bench, await phone(carol))
