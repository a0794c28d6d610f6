"""The configuration table, and what `parley check` says."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from adapters.chat.discord.adapter import Discord
from adapters.chat.discord.settings import PLUGIN, Settings, load
from adapters.chat.discord.socket import Socket
from bot.model.errors import ConfigurationError
from tests.chat.discord.scenes import PlainClock
from tests.servers.discord_fake import FakeDiscord


def settings(**more: object) -> Settings:
    return Settings.model_validate({"token": "fake.token", **more})


def test_defaults_are_discords_own_and_unknown_keys_are_errors() -> None:
    made = settings()
    assert made.api_url == "https://discord.com/api/v10"
    assert settings(api_url="http://127.0.0.1:1/api/v10/").api_url.endswith("/v10")
    for wrong in (
        {"tokn": "x"},
        {"api_url": "discord.com"},
        {"gateway_url": "https://x"},
        {"timeout": 0},
    ):
        with pytest.raises(ValidationError):
            settings(**wrong)
    with pytest.raises(ValidationError):
        Settings.model_validate({})
    assert "fake.token" not in repr(made)


def test_the_plugin_brings_the_adapter() -> None:
    assert PLUGIN.settings is Settings
    assert load() is Discord


async def test_two_servers_in_one_process_are_refused() -> None:
    Socket("one", settings(), PlainClock())
    with pytest.raises(ConfigurationError, match="same"):
        Socket("two", settings(api_url="http://127.0.0.1:1/api/v10"), PlainClock())
    Socket("three", settings(), PlainClock())


@pytest.fixture
async def server() -> AsyncIterator[FakeDiscord]:
    server = FakeDiscord()
    await server.start()
    yield server
    await server.close()


PROBE = """
import asyncio, sys
from pathlib import Path
from adapters.chat.discord.settings import Settings, probe
made = Settings(token=sys.argv[3], api_url=sys.argv[1], gateway_url=sys.argv[2], timeout=3)
print(asyncio.run(probe(made, "discord", Path())))
"""
ROOT = Path(__file__).parents[3]


async def probed(server: FakeDiscord, token: str) -> str:
    """What the probe says, in a process of its own: the library knows one server a process."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROBE, server.api_url, server.gateway_url, token),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode().strip()


async def test_the_probe_says_nothing_when_all_is_well(server: FakeDiscord) -> None:
    server.permissions = str((1 << 50) - 1)
    assert await probed(server, "fake.token") == "None"
    assert server.identified == []


async def test_the_probe_names_missing_rights_intents_and_a_wrong_token(
    server: FakeDiscord,
) -> None:
    said = await probed(server, "fake.token")
    assert "In Ops the bot may not" in said
    assert "create public threads" in said
    assert "oauth2/authorize" in said
    server.intents_allowed = False
    assert "Message Content Intent is off" in await probed(server, "fake.token")
    assert "Make a new one" in await probed(server, "wrong")


async def test_the_probe_of_a_server_that_is_away(server: FakeDiscord) -> None:
    await server.close()
    assert "does not answer" in await probed(server, "fake.token")
