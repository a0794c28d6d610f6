"""A whole house over a folder, with a pack of recorders: every command writes down that it was run and with which words, and says
what a file of the test tells it to say. The graph tests make plans from drafts by hand, approve them and run them."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection

from bot import app, config
from bot.cases import card
from bot.cases.compose import Composed, Origin, compose
from bot.cases.keep import keep
from bot.cases.views import view
from bot.house import House
from bot.model.approvals import Vote
from bot.model.ids import new_id
from bot.model.people import Account, Conversation
from bot.model.plans import Draft, Output
from bot.model.questions import Question
from bot.model.reports import Report
from bot.model.runs import Run
from bot.model.sections import Refusal
from bot.report.plan import plan_card
from bot.report.result import result
from bot.store import plans, questions, runs, votes

ROOM = Conversation("console", "room", "t1")
ALICE, BOB = Account("console", "alice"), Account("console", "bob")

PACK = """\
---
name: yard
description: Recorders that stand in for machines.
metadata: {{ parley-format: "1" }}
---
# Yard

## Parameters
| name  | type         | rule                       | description    |
|-------|--------------|----------------------------|----------------|
| name  | name         | example one                | what to make   |
| ip    | ip           | example 192.0.2.1          | an address     |
| id    | int          | 100..999; example 100      | a number       |
| note  | text         | example hello              | a line of text |
| tags  | list of name | example a, b               | words          |
| token | secret       | example secret:x           | a secret       |
| place | path         | under {site}; example {site}/x | a folder   |
| root  | path         | from agent                 | the site       |
| zone  | fqdn         | optional; example a.example | a domain      |

## How to create a thing
- Parameters: name
- Returns: ip: ip = json `$.net.ip`
- Returns: id: int = json `$.id`
- Returns: place: path = json `$.place`
- Returns: title: text = json `$.title`
- Returns: door: name = json `$.password`
- Returns: word: name = regex `"word": "([^"]*)"`

```bash
{bin}/record create {{name}}
```

### Rollback
```bash
{bin}/record uncreate {{name}}
```

## How to serve a thing
- Parameters: ip, id, root, zone
- Returns: port: port = regex `port=(\\d+)`
- Encode: json

```bash
{bin}/record serve {{ip}} id-{{id}}.x {{zone?--zone}}
cat > {{root}}/{{ip}}.conf <<'END'
{{"ip": {{ip}}, "id": {{id}}}}
END
{bin}/record reload serve
```

### Preview
```bash
ls {{root}}/{{ip}}
```
- Compare: exit

### Verify
```bash
cat {{root}}/{{ip}}.conf
```
- Expect: `"id": \\d+`

### Rollback
```bash
{bin}/record unserve {{ip}}
rm -f -- {{root}}/{{ip}}.conf
```

## How to watch a thing
- Parameters: note, id

```bash
{bin}/record watch {{id}} -- {{note}}
```

### Rollback
```bash
{bin}/record unwatch {{id}}
```

## How to tag a thing
- Parameters: tags, token

```bash
{bin}/record tag {{token}} {{tags...}}
```

## How to fill a place
- Parameters: place

```bash
mkdir {{place}}
```

## How to hand over a thing
- Parameters: ip

```human
Write {{ip}} on the door.
```
"""

RECORD = """\
#!/bin/sh
cd {folder} || exit 9
printf '%s\\n' "$*" >> log
if test -e "block-$1"; then touch "in-$1"; sleep 60; fi
if test -e "answers/$1"; then cat "answers/$1"; fi
test ! -e "fail-$1"
"""


@dataclass
class Yard:
    """The folder and what stands in it."""

    folder: Path

    def __post_init__(self) -> None:
        if (self.folder / "bin").exists():
            return
        for name in ("bin", "packs", "site", "answers", "data"):
            (self.folder / name).mkdir()
        program = self.folder / "bin" / "record"
        program.write_text(RECORD.format(folder=self.folder), encoding="utf8")
        program.chmod(0o755)
        pack = self.folder / "packs" / "yard"
        pack.mkdir()
        text = PACK.format(bin=self.folder / "bin", site=self.folder / "site")
        (pack / "SKILL.md").write_text(text, encoding="utf8")

    @property
    def configuration(self) -> config.Configuration:
        agent = {
            **{"target": "local:", "packs": ["yard"], "level": 3},
            "vars": {"root": str(self.folder / "site")},
        }
        table = {
            "bot": {"data": str(self.folder / "data")},
            "capabilities": {"paths": [str(self.folder / "packs")]},
            "chat": {"console": {}},
            "agents": [{"name": "web1", **agent}, {"name": "web2", **agent}],
            "people": [
                {"name": each, "roles": ["operator"], "console": each} for each in ("alice", "bob")
            ],
        }
        return config.build(table, None, self.folder, {})

    @asynccontextmanager
    async def opened(self, *secrets: str) -> AsyncIterator["Open"]:
        """`secrets` are masked wherever anything is stored or said."""
        async with app.open_house(replace(self.configuration, secrets=secrets)) as house:
            await house.runner.recover()
            yield Open(self, house)

    def answers(self, verb: str, said: object) -> None:
        """What `record VERB` says: a text, bytes, or a value as JSON."""
        raw = said if isinstance(said, bytes) else json.dumps(said).encode()
        (self.folder / "answers" / verb).write_bytes(raw)

    def touch(self, name: str) -> None:
        (self.folder / name).touch()

    @property
    def log(self) -> list[str]:
        path = self.folder / "log"
        return path.read_text(encoding="utf8").splitlines() if path.exists() else []

    @property
    def site(self) -> dict[str, str]:
        """The files written, by name."""
        return {
            each.name: each.read_text()
            for each in (self.folder / "site").iterdir()
            if each.is_file()
        }


@dataclass
class Open:
    """The house while it is open."""

    yard: Yard
    house: House

    async def composed(self, *drafts: Draft) -> Composed | Refusal:
        origin = Origin(new_id(self.house.clock.now()), 1, "make it", ("alice",), ROOM)
        return await compose(self.house, drafts, origin)

    async def approved(self, *drafts: Draft) -> str:
        """A plan of these drafts, kept and approved by bob; the run's id."""
        composed = await self.composed(*drafts)
        assert isinstance(composed, Composed), composed
        return await self.house.store.write(lambda c: self.approve(c, composed))

    def approve(self, connection: Connection, composed: Composed) -> str:
        keep(connection, self.house, composed, ALICE)
        return self.vote(connection, composed.plan.id)

    def vote(self, connection: Connection, plan: str) -> str:
        stored, now = plans.fetch(connection, plan), self.house.clock.now()
        vote = Vote("bob", BOB, stored.digest, "approve", now, "named")
        votes.cast(connection, plan, vote)
        card.approve(connection, stored, "bob", self.house)
        found = runs.newest(connection, plan, stored.plan.revision)
        assert found is not None
        return found.id

    async def run(self, *drafts: Draft) -> Run:
        return await self.go_on(await self.approved(*drafts))

    async def go_on(self, run: str) -> Run:
        await self.house.runner.run(run)
        return await self.load(run)

    async def load(self, run: str) -> Run:
        return await self.house.store.read(lambda connection: runs.load(connection, run))

    async def report(self, run: str) -> tuple[Report, Report]:
        """The card and the result of the run as it is now."""

        def read(connection: Connection) -> tuple[Report, Report]:
            row = runs.row(connection, run)
            stored = plans.fetch(connection, row.plan, row.revision)
            shown = view(connection, stored, self.house.people, self.house.clock.now())
            return plan_card(shown), result(shown)

        return await self.house.store.read(read)

    async def questions(self) -> list[Question]:
        return await self.house.store.read(questions.open_ones)

    async def answer(self, question: Question, answer: str) -> None:
        runner, at = self.house.runner, self.house.clock.now()
        assert await self.house.store.write(lambda c: runner.settle(c, question, answer, "bob", at))


def draft(
    section: str, *, on: str = "web1", id: str = "", needs: Sequence[str] = (), **slots: Any
) -> Draft:
    """`draft("serve-a-thing", ip=Output("s1", "ip"), id="…")`; `number` is the slot id."""
    if "number" in slots:
        slots["id"] = slots.pop("number")
    values = {name: each for name, each in slots.items() if not isinstance(each, Output)}
    outputs = {name: each for name, each in slots.items() if isinstance(each, Output)}
    return Draft(on, f"yard/{section}", values, id, tuple(needs), outputs)


def create(name: str = "one", **more: Any) -> Draft:
    return draft("create-a-thing", name=name, **more)


def serve(of: str = "s1", **more: Any) -> Draft:
    slots = {"ip": Output(of, "ip"), "number": Output(of, "id"), **more}
    return draft("serve-a-thing", **slots)


def watch(of: str = "s1", **more: Any) -> Draft:
    return draft("watch-a-thing", **{"note": "hello", "number": Output(of, "id"), **more})


GOOD = {"id": 104, "net": {"ip": "10.0.0.5"}, "title": "It's ; here", "word": "abc"}


async def go(folder: Path) -> None:
    """A process that does whatever there is to do. Killed by the tests."""
    async with Yard(folder).opened() as yard:
        for run in await yard.house.store.read(runs.resumable):
            await yard.house.runner.run(run)


if __name__ == "__main__":
    asyncio.run(go(Path(sys.argv[1])))
