"""`parley migrate`: the database to this version. Called by `bot.cli`; `run` and `chat` do the same by themselves."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from bot.config import Configuration
from bot.store.migrate import prepare
from bot.store.ownership import Ownership
from bot.store.schema import VERSION

if TYPE_CHECKING:
    # argparse has no public name for what `add_subparsers` returns.
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add(commands: "Commands") -> None:
    """Add `migrate` to the command line."""
    parser = commands.add_parser("migrate", help="bring the database to this version")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """Raises OwnedError while a bot works on the same data, StoreError when the database cannot be used."""
    with Ownership(configuration.data):
        changed = prepare(configuration.store_url)
    if arguments.json:
        line = json.dumps({"version": VERSION, "changed": changed})
    elif changed:
        line = f"The database has version {VERSION} now."
    else:
        line = f"The database had version {VERSION} already."
    sys.stdout.write(f"{line}\n")
    return 0
