"""`parley chat`: talk to the bot in this terminal, or by JSON lines. Called by `bot.cli`."""

import argparse
import asyncio
import getpass
import signal
from typing import TYPE_CHECKING

from bot.app import open_house, serve
from bot.config import Configuration
from bot.model.errors import ConfigurationError
from bot.plugins import find
from bot.redact import SecretRedactor
from bot.redaction.logs import cover

if TYPE_CHECKING:
    # argparse has no public name for what `add_subparsers` returns.
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

INSTANCE = "console"


def add(commands: "Commands") -> None:
    """Add `chat` to the command line."""
    parser = commands.add_parser("chat", help="talk to it here")
    parser.add_argument("--as", dest="person", metavar="NAME", help="speak as this person")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """Talk until the input ends and nothing is running any more."""
    cover(SecretRedactor(configuration.secrets))
    return asyncio.run(_chat(configuration, arguments.person, arguments.json))


async def _chat(configuration: Configuration, person: str | None, json: bool) -> int:
    speaker = person or _me(configuration)
    if person and not configuration.impersonate and person != _me(configuration):
        raise ConfigurationError(
            "--as is not allowed here.", "Set impersonate = true in [chat.console]."
        )
    plugin = find("chat", "console")
    settings = plugin.settings(impersonate=configuration.impersonate)
    async with open_house(configuration) as house:
        chat = plugin.load()(
            INSTANCE,
            settings,
            configuration.name,
            configuration.data,
            house.clock,
            face="json" if json else "terminal",
            person=speaker,
        )
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        said = await serve(house, configuration, {INSTANCE: chat}, stop, reprints=(INSTANCE,))
    return 0 if said else 1


def _me(configuration: Configuration) -> str:
    """Who sits here: the login name; where anybody may be tried out and nobody has that name, the first person."""
    login = getpass.getuser()
    users = [
        account.user
        for person in configuration.people
        for account in person.accounts
        if account.instance == INSTANCE
    ]
    return users[0] if configuration.impersonate and users and login not in users else login
