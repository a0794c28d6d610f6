"""The file of requests: one JSON object a line, checked against the capabilities. Called by `parley eval`; cases go to `ask`.

A line is one of
  {"agents": [{"name", "packs", "aliases", "level", "vars"}]}        first line, optional: who is there
  {"text", "agent": NAME or [NAME …], "capability": ID, "slots": {}}  a plan is expected
  {"text", "expect": "refused"}                                      no plan may come of it
  {"text", "expect": "question", "about": SLOT | "agent" | "section"}
Any further key with a short text (`style`, `language`) is a tag to break the figures down by. A negative may also carry
`steps`, a list of {"agent", "capability", "slots"}: who can do exactly all of that may do it.
"""

import json
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args

from msgspec import Struct, field

from bot.model.errors import ConfigurationError
from bot.model.plans import Agent
from bot.model.ports import Catalogue, Renderer
from bot.model.sections import Refusal, Slots, Value

Expected = Literal["plan", "refused", "question"]

_STEP = ("agent", "capability", "slots")
_AGENT = {"name", "packs", "aliases", "level", "vars"}
_KEYS = {"text", "expect", "about", "steps", *_STEP}


class Step(Struct, frozen=True):
    """One step of a plan with every slot that people may fill, defaults too."""

    agent: str
    capability: str
    slots: Slots


class Case(Struct, frozen=True):
    """One request and what it should come to. `about` is a slot's name, `agent` or `section`; `line` is where it stands."""

    text: str
    expect: Expected
    steps: tuple[Step, ...] = ()
    about: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    line: int = 0


class Requests(Struct, frozen=True):
    """A whole file. `agents` are those of its first line, else those it was read with."""

    agents: tuple[Agent, ...]
    cases: tuple[Case, ...]


class _Bad(Exception):
    """What is wrong with one line, as a sentence with the mend."""


def shipped() -> Path:
    """The requests that come with the bot."""
    return Path(str(resources.files("bot.evaluation").joinpath("requests.jsonl")))


class Reader(Struct, frozen=True):
    """Reads files against the capabilities in force. `agents` are there where a file names none."""

    catalogue: Catalogue
    renderer: Renderer
    agents: tuple[Agent, ...]

    def read(self, path: Path) -> Requests:
        """Raises ConfigurationError that names the line and the mend."""
        agents, cases = self.agents, list[Case]()
        for number, line in enumerate(_lines(path), 1):
            if not line.strip():
                continue
            try:
                table = _table(line)
                if "agents" in table and not cases:
                    agents = self._inventory(table)
                else:
                    cases.append(self._case(table, agents, number))
            except _Bad as error:
                raise ConfigurationError(f"{path}, line {number}: {error}") from error
        if not cases:
            raise ConfigurationError(
                f"{path} holds no request.", 'Give one {"text": …, "expect": …} a line.'
            )
        return Requests(agents, tuple(cases))

    def _inventory(self, table: dict[str, Any]) -> tuple[Agent, ...]:
        agents = tuple(_agent(each) for each in _list(table["agents"], "agents"))
        names = [agent.name for agent in agents]
        if len(set(names)) < len(names) or not names:
            raise _Bad("every agent needs a name of its own. Name each once.")
        packs = {section.pack for section in self.catalogue.sections()}
        for pack in (pack for agent in agents for pack in agent.packs):
            if pack not in packs:
                raise _Bad(f"there is no pack {pack!r}. Known: {', '.join(sorted(packs))}.")
        return agents

    def _case(self, table: dict[str, Any], agents: Sequence[Agent], line: int) -> Case:
        text = table.get("text")
        if not isinstance(text, str):
            raise _Bad('"text" is missing. Give the request as people write it.')
        steps = self._steps(table, agents)
        expect = table.get("expect", "plan")
        if expect not in get_args(Expected):
            raise _Bad(f'"expect" is {expect!r}. Give "refused" or "question", or a capability.')
        if expect == "plan" and not steps:
            raise _Bad('nothing is expected. Give "agent" and "capability", or "expect".')
        about = self._about(table, expect)
        return Case(text, expect, steps, about, _tags(table), line)

    def _steps(self, table: dict[str, Any], agents: Sequence[Agent]) -> tuple[Step, ...]:
        tables = [_mapping(each) for each in _list(table.get("steps", []), "steps")]
        if "capability" in table or "agent" in table:
            tables.append({key: table[key] for key in _STEP if key in table})
        return tuple(step for each in tables for step in self._each(each, agents))

    def _each(self, table: Mapping[str, Any], agents: Sequence[Agent]) -> list[Step]:
        """One step for each agent named."""
        named = table.get("agent")
        names = (named,) if isinstance(named, str) else _words(named, "agent")
        known = {agent.name: agent for agent in agents}
        if not names or any(name not in known for name in names):
            raise _Bad(f'"agent" is {named!r}. Known here: {", ".join(known)}.')
        return [self._step(known[name], table) for name in names]

    def _step(self, agent: Agent, table: Mapping[str, Any]) -> Step:
        id, said = table.get("capability"), _mapping(table.get("slots", {}))
        section = self.catalogue.section(id) if isinstance(id, str) else None
        if section is None or section.pack not in agent.packs:
            raise _Bad(f"{agent.name} has no capability {id!r}. See `parley capabilities list`.")
        slots = {name: _value(name, value) for name, value in said.items()}
        result = self.renderer.render(section, slots, agent)
        if isinstance(result, Refusal):
            raise _Bad(f"{section.id} cannot be rendered with these slots: {result.why}")
        return Step(agent.name, section.id, result[0])

    def _about(self, table: dict[str, Any], expect: str) -> str:
        about = table.get("about", "")
        if (expect == "question") != bool(about) or not isinstance(about, str):
            raise _Bad('"about" belongs to a question. Give a slot\'s name, "agent" or "section".')
        names = {slot.name for each in self.catalogue.sections() for slot in each.slots}
        if about and about not in names | {"agent", "section"}:
            raise _Bad(f'no capability has a slot {about!r}. Give a slot, "agent" or "section".')
        return about


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf8").split("\n")
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror}.", "Give a readable file."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8.", "Save it as UTF-8.") from error


def _table(line: str) -> dict[str, Any]:
    try:
        table = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _Bad("this is no JSON. Give one object a line.") from error
    if not isinstance(table, dict):
        raise _Bad("this is no object. Give one {…} a line.")
    return table


def _agent(table: object) -> Agent:
    agent = _mapping(table)
    if unknown := sorted(set(agent) - _AGENT):
        raise _Bad(f"an agent has no {unknown[0]!r}. Known: {', '.join(sorted(_AGENT))}.")
    name, level = agent.get("name"), agent.get("level", 3)
    if not isinstance(name, str) or not name or level not in range(4):
        raise _Bad('an agent needs a "name", and a "level" from 0 to 3 if any.')
    vars = {key: str(value) for key, value in _mapping(agent.get("vars", {})).items()}
    packs, aliases = (_words(agent.get(key, []), key) for key in ("packs", "aliases"))
    return Agent(name, "local:", packs, level, aliases, vars=vars)


def _tags(table: dict[str, Any]) -> dict[str, str]:
    tags = {key: value for key, value in table.items() if key not in _KEYS}
    for key, value in tags.items():
        if not isinstance(value, str) or len(value) > 40:
            raise _Bad(f"the tag {key!r} is no short text. Give at most 40 characters.")
    return tags


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Bad(f"{str(value)[:40]!r} is no object. Write {{…}}.")
    return value


def _list(value: object, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise _Bad(f"{name!r} is no list. Write […].")
    return value


def _words(value: object, name: str) -> tuple[str, ...]:
    words = _list(value, name)
    if not all(isinstance(word, str) for word in words):
        raise _Bad(f"{name!r} holds something that is no text. Write names.")
    return tuple(words)


def _value(name: str, value: object) -> Value:
    if isinstance(value, list):
        return _words(value, name)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise _Bad(f"the slot {name!r} is no text and no number. Write it as people would.")
    return str(value)
