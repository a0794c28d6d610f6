"""The pack demo-site, every section, with a real web server on loopback."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from adapters.targets.local.target import Local
from tests.packs.machine import Machine, tree
from tests.servers.nginx import free_port


@pytest.fixture(params=["as the bot's user", "in a sandbox"])
async def demo(
    request: pytest.FixtureRequest, sites: Path, port: int, tmp_path: Path
) -> AsyncIterator[Machine]:
    """This machine with the vars of that server; once with the folder alone to be seen."""
    url = f"local:{sites}" if request.param == "in a sandbox" else "local:"
    refused = Local().probe(url)
    if refused:
        pytest.skip(refused)
    made = Machine(tmp_path / "data", {"root": str(sites), "port": str(port)}, url)
    yield made
    await made.close()


def fetch(url: str) -> bytes:
    with urlopen(url, timeout=10) as answer:
        content: bytes = answer.read()
        return content


async def test_create_a_site_and_back(demo: Machine, sites: Path, port: int) -> None:
    create = demo.ready("demo-site/create-a-site", name="hello")
    before = tree(sites)
    assert await create.preview() == await create.preview() == "welcome"
    assert not await create.verified()
    assert await create.works()
    assert await create.verified_within()
    assert b"<h1>hello</h1>" in await asyncio.to_thread(fetch, f"http://127.0.0.1:{port}/hello/")
    assert await create.preview() == "hello\nwelcome"
    assert await create.roll_back()
    assert tree(sites) == before
    assert await create.roll_back()
    assert tree(sites) == before
    assert not await create.verified()


async def test_a_site_that_is_there_is_not_touched(demo: Machine, sites: Path) -> None:
    before = tree(sites)
    (outcome,) = await demo.ready("demo-site/create-a-site", name="welcome").do()
    assert outcome.exit == 1
    assert tree(sites) == before


async def test_pages_added_since_survive_the_rollback(demo: Machine, sites: Path) -> None:
    create = demo.ready("demo-site/create-a-site", name="hello")
    assert await create.works()
    (sites / "hello" / "more.html").write_text("mine")
    assert not await create.roll_back()
    assert (sites / "hello" / "more.html").read_text() == "mine"


async def test_where_nothing_answers_it_fails_and_is_rolled_back(
    sites: Path, tmp_path: Path
) -> None:
    dead = Machine(tmp_path / "data", {"root": str(sites), "port": str(free_port())})
    before = tree(sites)
    create = dead.ready("demo-site/create-a-site", name="hello")
    assert await create.works()
    assert not await create.verified()
    assert await create.roll_back()
    assert tree(sites) == before
    await dead.close()


async def test_list_and_show(demo: Machine) -> None:
    assert await demo.ready("demo-site/list-the-sites").answer() == "welcome\n"
    shown = await demo.ready("demo-site/show-the-page-of-a-site", name="welcome").answer()
    assert shown == "<h1>welcome</h1>\n"


async def test_remove_a_site_for_good(demo: Machine, sites: Path) -> None:
    (sites / "welcome" / "deep").mkdir()
    remove = demo.ready("demo-site/remove-a-site", name="welcome")
    assert remove.section.irreversible
    assert "index.html" in (await remove.preview() or "")
    assert await remove.preview() == await remove.preview()
    assert not await remove.verified()
    assert await remove.works()
    assert await remove.verified_within()
    assert tree(sites) == {}


async def test_removing_what_is_not_there_is_an_error(demo: Machine, sites: Path) -> None:
    before = tree(sites)
    (outcome,) = await demo.ready("demo-site/remove-a-site", name="nothing").do()
    assert outcome.exit == 1
    assert tree(sites) == before
