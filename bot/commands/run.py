"""`parley run`: the service. Called by `bot.cli`; ends on SIGTERM or SIGINT after a drain."""

import argparse
import asyncio
import logging
import signal
from typing import TYPE_CHECKING

from bot.app import close_chats, open_chats, open_house, serve
from bot.config import Configuration
from bot.model.errors import ConfigurationError
from bot.redact import SecretRedactor
from bot.redaction.logs import cover

if TYPE_CHECKING:
    # argparse has no public name for what `add_subparsers` returns.
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add(commands: "Commands") -> None:
    """Add `run` to the command line."""
    parser = commands.add_parser("run", help="the service: every configured chat")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """Serve every configured chat until told to stop. Raises ConfigurationError where there is none."""
    level = logging.DEBUG if arguments.debug else logging.INFO
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    cover(SecretRedactor(configuration.secrets))
    return asyncio.run(_serve(configuration))


async def _serve(configuration: Configuration) -> int:
    if all(chat.plugin.name == "console" for chat in configuration.chats):
        raise ConfigurationError(
            "No chat is configured.", "Add [chat.matrix], or talk here with `parley chat`."
        )
    async with open_house(configuration) as house:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        chats = open_chats(house, configuration)
        try:
            await serve(house, configuration, chats, stop)
        finally:
            await close_chats(chats)
        if not stop.is_set():
            for instance, words in house.health.items():
                logging.getLogger(__name__).error("chat %s: %s", instance, words)
            return 1
    return 0
