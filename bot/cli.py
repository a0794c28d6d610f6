"""The command line: finds the command, reads the configuration, turns errors into one sentence. The entry point `parley`.

Each command is a module of `bot.commands`, imported only when it is called: `parley chat` must not wait for the others.
"""

import argparse
import gc
import importlib
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from bot.model.errors import ParleyError

COMMANDS = {
    "run": "the service: every configured chat",
    "chat": "talk to it here",
    "check": "configuration and every connection: what works, what does not, and the mend",
    "capabilities": "list, show, search, lint, render and test what agents can do",
    "plans": "list and show plans",
    "approvals": "explain who must approve a plan, and why",
    "audit": "verify and export the audit log",
    "eval": "how well a planner understands a file of requests",
    "migrate": "bring the database to this version",
}


class Common(Struct):
    """The options that may stand anywhere on the line."""

    config: Path | None = None
    json: bool = False
    debug: bool = False


def main(line: Sequence[str] | None = None) -> int:
    """Run one command. 0 done, 1 failed, 2 bad usage."""
    common, rest = _split(list(sys.argv[1:] if line is None else line))
    try:
        return _run(common, rest)
    except (ParleyError, ExceptionGroup) as error:
        sentence = _first(error)
        if common.debug:
            traceback.print_exc()
        print(f"parley: {sentence or error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - whatever broke, people get a sentence
        if common.debug:
            traceback.print_exc()
        words = f"{type(error).__name__}: {error}".splitlines()[0]
        print(
            f"parley: Something in me broke ({words}). Run it with --debug and report it.",
            file=sys.stderr,
        )
        return 1


def _first(error: BaseException) -> ParleyError | None:
    """The sentence for people: loops run side by side, and what ended them comes as a group."""
    if isinstance(error, ExceptionGroup):
        return next((found for each in error.exceptions if (found := _first(each))), None)
    return error if isinstance(error, ParleyError) else None


def _run(common: Common, rest: list[str]) -> int:
    # What imports make lives as long as the process: collecting among it takes a twentieth of the start for nothing.
    gc.disable()
    try:
        arguments = _parser(rest).parse_args(rest)
        # The configuration pulls in pydantic: only once the usage is known to be right.
        from bot.config import load

        configuration = load(common.config)
    finally:
        gc.enable()
    gc.freeze()
    arguments.json = common.json
    arguments.debug = common.debug
    code: int = arguments.run(arguments, configuration)
    return code


def _parser(rest: list[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="parley",
        description="Infrastructure as conversation.",
        epilog="-c FILE (configuration), --json and --debug may stand anywhere on the line.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    chosen = next((word for word in rest if not word.startswith("-")), None)
    for name, words in COMMANDS.items():
        if name == chosen:
            importlib.import_module(f"bot.commands.{name}").add(commands)
        else:
            commands.add_parser(name, help=words)
    return parser


def _split(line: list[str]) -> tuple[Common, list[str]]:
    """The common options out of the line, wherever they stand."""
    common, rest = Common(), []
    words = iter(line)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in {"-c", "--config"}:
            value = next(words, None)
            if value is None:
                print("parley: -c needs a file.", file=sys.stderr)
                raise SystemExit(2)
            common.config = Path(value)
        elif word.startswith("--config="):
            common.config = Path(word.removeprefix("--config="))
        elif word == "--json":
            common.json = True
        elif word == "--debug":
            common.debug = True
        else:
            rest.append(word)
    return common, rest


if __name__ == "__main__":
    sys.exit(main())
