"""A guild on simcord for every test; every request of every test is held against Discord's own description."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import simcord

from tests.chat.discord.process import Process, process_on
from tests.chat.discord.scenes import Ears, Scene, adapter
from tests.servers.discord_fake import FakeDiscord
from tests.servers.discord_official import Official, absent


@pytest.fixture(scope="session")
def official() -> Official | None:
    """Discord's description, where it is there."""
    return None if absent() else Official()


@pytest.fixture
async def scene(
    request: pytest.FixtureRequest, tmp_path: Path, official: Official | None
) -> AsyncIterator[Scene]:
    settings = getattr(request, "param", {})
    chat = adapter(tmp_path, **settings)
    env = simcord.Env(chat.socket.client, strict_sync=True, check_errors=True)
    await env.start()
    guild = env.create_guild("Ops")
    channel = guild.create_text_channel("general")
    alice = guild.add_member(env.create_user("alice"))
    bob = guild.add_member(env.create_user("bob"))
    scene = Scene(env, chat, Ears(chat), guild, channel, alice, bob, tmp_path)
    try:
        await scene.ears.placed()
        yield scene
    finally:
        await scene.ears.close()
        await env.shutdown()
    env.raise_errors()
    requests = list(env.http_requests)
    if official is not None:
        wrong = [
            each
            for made in requests
            for each in official.wrong(made.method, made.path, made.json, made.params)
        ]
        assert not wrong, "\n".join(wrong)


@pytest.fixture
async def discord(official: Official | None) -> AsyncIterator[FakeDiscord]:
    server = FakeDiscord()
    await server.start()
    yield server
    await server.close()
    if official is not None:
        wrong = [
            each
            for made in server.requests
            for each in official.wrong(made.method, made.path, made.body, made.query)
        ]
        assert not wrong, "\n".join(wrong)


@pytest.fixture
async def process(discord: FakeDiscord, tmp_path: Path) -> AsyncIterator[Process]:
    async with process_on(discord, tmp_path) as process:
        await process.start()
        yield process
