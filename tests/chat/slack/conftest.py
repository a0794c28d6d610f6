"""A fake Slack on a socket, and the adapter listening to it."""

from collections.abc import AsyncIterator

import pytest

from tests.chat.slack.scenes import Bench, Scene
from tests.servers.slack_fake import SlackFake


@pytest.fixture
async def fake() -> AsyncIterator[SlackFake]:
    fake = SlackFake()
    await fake.start()
    try:
        yield fake
    finally:
        await fake.stop()


@pytest.fixture
async def bench(fake: SlackFake) -> AsyncIterator[Bench]:
    bench = Bench(fake.url)
    try:
        yield bench
    finally:
        await bench.close()


@pytest.fixture
async def scene(fake: SlackFake, bench: Bench) -> Scene:
    chat = bench.chat()
    ears = bench.hear(chat)
    await ears.placed()
    await fake.connected(2)
    return Scene(fake, bench, chat, ears)
