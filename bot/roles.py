"""`[roles]` and `[[agents]] role`: what agents are for, with the team's own words. Read by `bot.config` alone."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.model.errors import ConfigurationError
from bot.model.roles import Role
from bot.references import absolute
from bot.settings import AgentTable, RoleTable
from bot.spelling import near

KNOWN = {
    "code": "Code and its delivery: repositories, builds, reviews, releases of applications.",
    "data": "Data: databases, backups, migrations, analysis.",
    "infra": "Servers and networks: machines, containers, web servers, domains, certificates, monitoring.",
    "research": "Finding things out: reading, searching, comparing, summing up.",
    "qa": "Checking: tests, reviews, security, whether what was done works.",
}
"""Roles that need no words of the team."""
LONGEST = 8_192
"""Characters of a prompt file."""
_ABOUT = 200
_FRONT = re.compile(r"---[ \t]*\n(.*?)\n---[ \t]*(?:\n|$)", re.DOTALL)


def roles(
    tables: Mapping[str, RoleTable], agents: Sequence[AgentTable], base: Path
) -> tuple[Role, ...]:
    """Every role that an agent carries, in the order of the agents. Raises ConfigurationError."""
    carried = dict.fromkeys(agent.role for agent in agents if agent.role)
    for name in tables:
        if name not in carried:
            meant = near(name, list(carried))
            mend = f"Did you mean {meant[0]!r}?" if meant else f"Say role = {name!r} for an agent."
            raise ConfigurationError(f"[roles.{name}] is the role of no agent.", mend)
    return tuple(
        _role(
            name, tables.get(name), tuple(each.name for each in agents if each.role == name), base
        )
        for name in carried
    )


def files(tables: Mapping[str, RoleTable], base: Path) -> tuple[Path, ...]:
    """The prompt files: they are the team's own configuration."""
    return tuple(absolute(base, table.prompt) for table in tables.values() if table.prompt)


def _role(name: str, table: RoleTable | None, agents: tuple[str, ...], base: Path) -> Role:
    known = KNOWN.get(name.casefold(), "")
    if table is None or not table.prompt:
        return Role(name, agents, known)
    text = _read(absolute(base, table.prompt), f"[roles.{name}] prompt")
    described, prompt = _described(text, f"[roles.{name}] prompt")
    return Role(name, agents, described or _first(prompt) or known, prompt)


def _read(path: Path, where: str) -> str:
    try:
        with path.open(encoding="utf8") as file:
            text = file.read(LONGEST + 1)
    except OSError as error:
        raise ConfigurationError(
            f"{where}: {path} cannot be read: {error.strerror}.", "Name a Markdown file."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{where}: {path} is not UTF-8.", "Save it as UTF-8.") from error
    if len(text) > LONGEST:
        raise ConfigurationError(
            f"{where}: {path} has more than {LONGEST} characters.", "Make it shorter."
        )
    return text.strip()


def _described(text: str, where: str) -> tuple[str, str]:
    """The `description` of a front matter, "" where there is none, and the text behind it."""
    front = _FRONT.match(text)
    if front is None:
        return "", text
    import yaml  # lazy: most configurations have no prompt files

    try:
        found: Any = yaml.safe_load(front[1])
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigurationError(
            f"{where}: its front matter is no YAML.", "Mend it, or leave it out."
        ) from error
    described = found.get("description") if isinstance(found, dict) else None
    about = " ".join(described.split())[:_ABOUT] if isinstance(described, str) else ""
    return about, text[front.end() :].strip()


def _first(prompt: str) -> str:
    """The first sentence that is no heading."""
    blocks = (block for block in re.split(r"\n\s*\n", prompt) if not block.startswith("#"))
    line = " ".join(next(blocks, "").split())
    return re.split(r"(?<=[.!?])\s", line, maxsplit=1)[0][:_ABOUT]
