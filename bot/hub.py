"""Which agents a message is for. Called by `bot.flow` before the planner, with the agents of the room.

An agent is addressed by name or alias where a sentence names one: `tell web1 to …`, `ask web1 about …`, `web1: …`,
`… on web1`; all agents of a role where a sentence begins with it: `ask data about …`, `data: …`. Nobody addressed means every agent: the capability decides. A name that is nearly one is a question.
"""

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from bot import vocabulary
from bot.model.plans import Agent
from bot.model.roles import Role
from bot.spelling import near


class Routed(Struct, frozen=True):
    """For these agents. `text` is the request without the addressing words; `named` is false when all were taken."""

    agents: tuple[Agent, ...]
    text: str
    named: bool = False


class Unsure(Struct, frozen=True):
    """A misspelt name or a shared alias: ask `question`; `choices` are agents' names, `text` the request without address."""

    question: str
    choices: tuple[str, ...]
    text: str


class Nobody(Struct, frozen=True):
    """The message names an agent that is not here, or there is none at all. `why` is a sentence for people."""

    why: str


Routing = Routed | Unsure | Nobody

LONGEST = 8000
"""Characters: a longer message is passed on unread, and the planner refuses it."""

_QUOTED = re.compile(r"\"[^\"]*\"|`[^`]*`|“[^”]*”|«[^»]*»|‘[^’]*’|(?<!\w)'[^']*'(?!\w)")
_QUOTES = frozenset("\"`“«‘'")
_TOKEN = re.compile(r"\S+")
_EDGES = ".,:;!?()[]<>@…*_"
_POSSESSIVE = re.compile(r"['’]s?$")
_DEVICE = re.compile(
    r"(eth|en[sop]|wlan|br|bond|sd[a-z]|vd[a-z]|nvme|md|tty|lo|dm|loop|ipv|ext|python|php|http|tls|ssl|utf)\W?\d"
)
_MACHINE = re.compile(r"[a-z][a-z_-]*\d+[a-z]?")


class _Directory(Struct, frozen=True):
    """Who is meant by each word, among `agents` of whom some carry `told`. `own` are agents' own names: behind `of` an alias
    such as `nginx` is a word of the request."""

    agents: Sequence[Agent]
    told: Sequence[Role]
    names: Mapping[str, tuple[Agent, ...]]
    own: frozenset[str]
    roles: Mapping[str, tuple[Agent, ...]]


_KEPT = 64
_directories: dict[tuple[str, ...], _Directory] = {}
"""By the agents' names, for the rooms spoken in last: there may be hundreds of agents, and they seldom change."""


class _Reading(Struct):
    """One message being read: its tokens, who was found, and which tokens only address somebody."""

    text: str
    words: list[str]
    marks: list[str]
    spans: list[tuple[int, int]]
    who: _Directory
    found: dict[str, Agent] = field(default_factory=dict)
    shared: str = ""
    strange: str = ""
    cut: set[int] = field(default_factory=set)

    def word(self, place: int) -> str:
        return self.words[place] if 0 <= place < len(self.words) else ""

    def known(self, place: int) -> bool:
        return self.word(place) in self.who.names

    def address(self, start: int, end: int) -> None:
        """Take the names among `start`..`end` as addressed; those words are no part of the request."""
        self.cut.update(range(start, end))
        for word in self.words[start:end]:
            agents = self.who.names.get(word, ())
            if len(agents) > 1:
                self.shared = word
            self.found.update({agent.name: agent for agent in agents})

    def address_role(self, start: int, place: int) -> bool:
        """Take the role at `place` as addressed, all its agents; false where it is none."""
        agents = () if self.known(place) else self.who.roles.get(self.word(place), ())
        if agents:
            self.cut.update(range(start, place + 1 + (self.word(place + 1) in vocabulary.THEN)))
            self.found.update({agent.name: agent for agent in agents})
        return bool(agents)

    def rest(self) -> str:
        """The text without what addresses. What stays is as it was written."""
        parts, start = [], 0
        for place in sorted(self.cut):
            parts.append(self.text[start : self.spans[place][0]].strip())
            start = self.spans[place][1]
        parts.append(self.text[start:].strip())
        return " ".join(filter(None, parts))


def route(text: str, agents: Sequence[Agent], roles: Sequence[Role] = ()) -> Routing:
    """Decide for whom `text` is among `agents`, those that may be asked in this room."""
    if not agents:
        return Nobody("No agent is configured for this room; add one under [[agents]].")
    if len(text) > LONGEST:
        return Routed(tuple(agents), text)
    reading = _read(text, agents, roles)
    _from_start(reading)
    _from_places(reading)
    if not reading.found and not reading.strange:
        _from_bare_names(reading)
    if reading.strange:
        return _stranger(reading, agents)
    if reading.shared:
        names = tuple(agent.name for agent in reading.who.names[reading.shared])
        return Unsure(
            f"{_listed(names, 'and')} are both called {reading.shared}. Which?",
            names,
            reading.rest(),
        )
    if reading.found:
        return Routed(tuple(reading.found.values()), reading.rest(), named=True)
    return Routed(tuple(agents), text.strip())


def _directory(agents: Sequence[Agent], roles: Sequence[Role]) -> _Directory:
    key = tuple(agent.name for agent in agents)
    kept = _directories.get(key)
    if kept is None or kept.agents != agents or kept.told != roles:
        if len(_directories) >= _KEPT:
            _directories.clear()
        own = frozenset(name.casefold() for name in key)
        carried = {
            role.name.casefold(): tuple(agent for agent in agents if agent.name in role.agents)
            for role in roles
        }
        kept = _directories[key] = _Directory(agents, roles, _names(agents), own, carried)
    return kept


def _names(agents: Sequence[Agent]) -> dict[str, tuple[Agent, ...]]:
    """A name comes before an alias of somebody else."""
    names: dict[str, tuple[Agent, ...]] = {}
    for agent in agents:
        for alias in agent.aliases:
            others = names.get(alias.casefold(), ())
            names[alias.casefold()] = others if agent in others else (*others, agent)
    names.update({agent.name.casefold(): (agent,) for agent in agents})
    return names


def _read(text: str, agents: Sequence[Agent], roles: Sequence[Role]) -> _Reading:
    quoted = not _QUOTES.isdisjoint(text)
    masked = _QUOTED.sub(lambda match: "\0" * len(match[0]), text) if quoted else text
    tokens = list(_TOKEN.finditer(masked))
    low = [token[0].casefold() for token in tokens]
    words = [word.strip(_EDGES) for word in low]
    marks = [word[-1] if word[-1] in ":," else "" for word in low]
    spans = [token.span() for token in tokens]
    return _Reading(text, words, marks, spans, _directory(agents, roles))


def _from_start(reading: _Reading) -> None:
    start = 0
    while reading.word(start) in vocabulary.POLITE:
        start += 1
    if reading.word(start) in vocabulary.ADDRESSING:
        _told(reading, start)
    elif start < len(reading.marks) and reading.marks[start]:
        _labelled(reading, start)


def _told(reading: _Reading, start: int) -> None:
    """`tell web1 to …`, `ask web1 about …`, `have web1 …`."""
    first = _past_articles(reading, start + 1)
    end = _names_end(reading, first)
    if end > first:
        reading.address(start, end + (reading.word(end) in vocabulary.THEN))
    elif reading.word(first + 1) in vocabulary.THEN | vocabulary.ASKING and reading.address_role(
        start, first
    ):
        pass
    elif reading.word(start) in vocabulary.TELLING and _must_be_agent(reading, first):
        reading.strange = reading.word(first)
        reading.cut.update(range(start, first + 1 + (reading.word(first + 1) in vocabulary.THEN)))


def _labelled(reading: _Reading, start: int) -> None:
    """`web1: …` and `web1, …`."""
    if reading.known(start):
        reading.address(start, start + 1)
    elif reading.marks[start] == ":" and reading.address_role(start, start):
        pass
    elif reading.marks[start] == ":" and near(reading.word(start), reading.who.names):
        reading.strange = reading.word(start)
        reading.cut.add(start)


def _past_articles(reading: _Reading, place: int) -> int:
    while reading.word(place) in vocabulary.ARTICLES and reading.word(place + 1):
        place += 1
    return place


def _must_be_agent(reading: _Reading, place: int) -> bool:
    word, after = reading.word(place), reading.word(place + 1)
    return (
        bool(word)
        and "\0" not in word
        and word not in vocabulary.PEOPLE
        and after in vocabulary.THEN | vocabulary.ASKING
    )


def _names_end(reading: _Reading, place: int) -> int:
    """The end of a list of names such as `web1, web2 and web3` that begins at `place`."""
    if not reading.known(place):
        return place
    while reading.known(place + 1) or (
        reading.word(place + 1) in {"and", "or", "&"} and reading.known(place + 2)
    ):
        place += 1 if reading.known(place + 1) else 2
    return place + 1


def _from_places(reading: _Reading) -> None:
    """`… on web1`, `… of web1`. Behind `on` a word that is nearly a name, or looks like a machine's, is not passed over."""
    for place, word in enumerate(reading.words):
        if word not in vocabulary.LEADING or place in reading.cut:
            continue
        first = _past_articles(reading, place + 1) if word in vocabulary.PLACES else place + 1
        end = _names_end(reading, first)
        if end > first and (word in vocabulary.PLACES or reading.word(first) in reading.who.own):
            if not reading.word(end).isdecimal():
                reading.address(place, end)
        elif word == "on" and end == first and _looks_like_agent(reading, first):
            reading.strange = reading.strange or reading.word(first)
            reading.cut.update(range(place, first + 1))


def _looks_like_agent(reading: _Reading, place: int) -> bool:
    word = reading.word(place)
    if word in vocabulary.NO_AGENT or "\0" in word or reading.word(place + 1).isdecimal():
        return False
    if near(word, reading.who.names):
        return True
    return bool(_MACHINE.fullmatch(word)) and not _DEVICE.match(word)


def _from_bare_names(reading: _Reading) -> None:
    """`web1 disk space`, `how much memory does web1 have`, `web1's disk`. A bare name may be a word of the request too,
    so it stays in the text."""
    for place, word in enumerate(reading.words):
        name = _POSSESSIVE.sub("", word)
        if (
            name not in reading.who.own
            or reading.word(place - 1 if place else -1) in vocabulary.VALUE_FOLLOWS
        ):
            continue
        reading.found.update({agent.name: agent for agent in reading.who.names[name]})
        if name != word:
            reading.cut.add(place)


def _stranger(reading: _Reading, agents: Sequence[Agent]) -> Unsure | Nobody:
    meant = near(reading.strange, reading.who.names)
    names = tuple(dict.fromkeys(agent.name for word in meant for agent in reading.who.names[word]))
    if names:
        question = f"I know no agent called {reading.strange}. Did you mean {_listed(names, 'or')}?"
        return Unsure(question, names, reading.rest())
    here = _listed([agent.name for agent in agents], "and")
    return Nobody(f"I know no agent called {reading.strange}. Here: {here}.")


def _listed(words: Sequence[str], last: str) -> str:
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
