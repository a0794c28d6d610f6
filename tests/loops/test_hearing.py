"""What is answered in the transaction that stores it, and what becomes of it when that transaction refuses the answer."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot import app, config
from bot.model.events import Batch, Click, Event, First, Message, Reaction
from bot.model.people import Account, Conversation
from bot.model.ports import Shown
from bot.model.reports import Outgoing
from tests.redaction.planted import ALNUM, mixed

ALICE = Account("console", "alice")


def asked(id: str, words: str = "bake a cake", thread: str = "") -> Message:
    where = Conversation("console", "room", thread or f"t-{len(id)}-{id[:2]}")
    return Message(id, where, ALICE, words, datetime.now(UTC), True)


@dataclass
class Heard:
    """Implements `ports.Chat`: gives its batches, keeps what is said, and ends when so much was. It `looks` whenever a batch is
    stored; its first cursor is `torn`, and `signless` it breaks over every 👀."""

    batches: Sequence[Sequence[Event]]
    wanted: int
    breaks: int = 0
    first: First = "answer"
    torn: str = ""
    signless: bool = False
    looks: Callable[[], str] = str
    cursors: list[str | None] = field(default_factory=list)
    reconciled: list[int] = field(default_factory=list)
    looked: list[str] = field(default_factory=list)
    signs: list[int] = field(default_factory=list)
    said: list[Outgoing] = field(default_factory=list)
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self, cursor: str | None) -> AsyncIterator[Batch]:
        self.cursors.append(cursor)
        done = int(cursor[1:]) + 1 if cursor else 0
        for number, batch in [*enumerate(self.batches)][done:]:
            if number == 1 and self.breaks:
                self.breaks -= 1
                raise ValueError("a payload that nobody had thought of")
            torn, self.torn = self.torn, ""
            yield Batch(tuple(batch), torn or f"c{number}", first=self.first)
            self.looked.append(self.looks())
            self.signs.append(sum(each.kind == "react" for each in self.said))
        await self.enough.wait()

    async def send(self, outgoing: Outgoing) -> str:
        if self.signless and outgoing.kind == "react":
            raise ValueError("a reaction that nobody had thought of")
        self.said.append(outgoing)
        if len(self.answers) == self.wanted:
            self.enough.set()
        return f"p{outgoing.number}"

    async def reconcile(self, shown: Sequence[Shown]) -> Sequence[Event]:
        self.reconciled.append(len(self.said))
        return ()

    @property
    def answers(self) -> list[Outgoing]:
        return [each for each in self.said if each.report is not None]


def configured(folder: Path) -> config.Configuration:
    people = [{"name": "alice", "roles": ["operator"], "console": "alice"}]
    table = {"bot": {"data": str(folder / "data")}, "chat": {"console": {}}, "people": people}
    return config.build(table, None, folder)


async def hear(
    folder: Path, *batches: Sequence[Event], wanted: int, **more: Any
) -> tuple[Heard, list[str]]:
    """What a whole bot says to these batches; the states of its inbox in the end."""
    configuration = configured(folder)
    async with app.open_house(configuration) as house, asyncio.timeout(30):
        chat = Heard(batches, wanted, **more)
        await app.serve(house, configuration, {"console": chat}, asyncio.Event())
        states = await house.store.read(
            lambda c: [
                str(row[0]) for row in c.execute(text("SELECT state FROM inbox ORDER BY id"))
            ]
        )
    return chat, states


async def test_it_is_stored_and_answered_at_once_and_once(tmp_path: Path) -> None:
    chat, states = await hear(tmp_path, [asked("m1")], [asked("m1"), asked("m22")], wanted=2)
    assert states == ["done", "done"]
    assert [each.kind for each in chat.said].count("post") == 2
    first = next(each for each in chat.said if each.conversation == asked("m1").conversation)
    assert (first.kind, first.emoji) == ("react", "👀")


async def test_half_a_character_is_mended_before_it_is_thought_about(tmp_path: Path) -> None:
    """Half a surrogate pair is no text for the database: the event goes in mended, and is handled as it stands there."""
    chat, states = await hear(tmp_path, [asked("m\ud800"), asked("m22")], wanted=2)
    assert states == ["done", "done"]
    assert {each.report.kind for each in chat.answers if each.report} == {"refusal"}


async def test_of_one_conversation_the_second_waits_for_the_first(tmp_path: Path) -> None:
    many = [asked(f"m{number}", f"bake cake {number}", "one") for number in range(5)]
    chat, states = await hear(tmp_path, many, wanted=5)
    assert states == ["done"] * 5
    keys = [each.key for each in chat.answers]
    assert keys == [f"reply/console//message/m{number}" for number in range(5)]


async def test_a_chat_that_breaks_listens_again_from_where_it_was(tmp_path: Path) -> None:
    """Twice: the process and its other chats go on, and nothing is handled twice or passed over."""
    batches = ([asked("m1")], [asked("m22")], [asked("m333")])
    chat, states = await hear(tmp_path, *batches, wanted=3, breaks=2)
    assert states == ["done"] * 3
    assert chat.cursors == [None, "c0", "c0"]


@pytest.mark.parametrize(
    ("first", "there", "signs"),
    [("answer", "done 1", 0), ("word", "handling 0", 0), ("sign", "handling 0", 1)],
)
async def test_nothing_is_thought_about_before_its_platform_is_told(
    tmp_path: Path, first: First, there: str, signs: int
) -> None:
    def looks() -> str:
        """The event's state, and how many answers there are, at the moment in which its platform is told."""
        with sqlite3.connect(tmp_path / "data" / "parley.db") as base:
            (found,) = base.execute(
                "SELECT state || ' ' || (SELECT count(*) FROM outbox) FROM inbox"
            ).fetchall()
        return str(found[0])

    chat, states = await hear(tmp_path, [asked("m1")], wanted=1, first=first, looks=looks)
    assert chat.looked == [there]
    assert chat.signs == [signs], "where a platform waits it hears first, else people do"
    assert [each.kind for each in chat.said].count("react") == 1
    assert states == ["done"]


@pytest.mark.parametrize("first", ["answer", "word", "sign"])
async def test_what_the_store_takes_for_no_reason_holds_nobody_up(
    tmp_path: Path, first: First
) -> None:
    """A cursor that is no text: the batch is heard again, and its conversation is not left waiting behind what was refused."""
    batches = [asked("m1")], [asked("m22")]
    chat, states = await hear(tmp_path, *batches, wanted=2, torn="\ud800", first=first)
    assert states == ["done", "done"]
    assert chat.cursors == [None, None]
    said = [f"{sort}/{id}" for sort in ("reply/console//message", "seen") for id in ("m1", "m22")]
    assert sorted(each.key for each in chat.said) == said, "nothing is begun that was taken back"


async def test_a_chat_that_breaks_over_a_sign_of_life_answers_all_the_same(tmp_path: Path) -> None:
    _, states = await hear(tmp_path, [asked("m1")], [asked("m22")], wanted=2, signless=True)
    assert states == ["done", "done"]


async def test_a_secret_in_what_a_button_says_is_not_stored(tmp_path: Path) -> None:
    token = f"ghp_{mixed(ALNUM, 36)}"
    where = asked("m1").conversation
    click = Click("c1", ALICE, "nobody's", f"approve {token}", datetime.now(UTC), where)
    _, states = await hear(tmp_path, [click], [asked("m1")], wanted=1)
    assert states == ["done", "done"]
    stored = [each for each in (tmp_path / "data").rglob("*") if each.is_file()]
    assert any(b"nobody's" in each.read_bytes() for each in stored)
    assert not [each for each in stored if token.encode() in each.read_bytes()]


async def test_reactions_are_read_again_where_the_store_took_nothing(tmp_path: Path) -> None:
    """Words are refused aloud. A vote stays on its card, and counts when there is room again."""
    configuration = configured(tmp_path)
    async with app.open_house(configuration) as house, asyncio.timeout(30):

        async def pragma(words: str) -> int:
            return int(
                await house.store.write(lambda c: c.exec_driver_sql(f"PRAGMA {words}").scalar_one())
            )

        again = asyncio.Event()

        class Full(Heard):
            async def reconcile(self, shown: Sequence[Shown]) -> Sequence[Event]:
                if self.reconciled:
                    again.set()
                return await super().reconcile(shown)

            async def listen(self, cursor: str | None) -> AsyncIterator[Batch]:
                await pragma(f"max_page_count={await pragma('page_count')}")
                vote = Reaction("r1", ALICE, "p1", "✅", True, datetime.now(UTC))
                yield Batch((asked("m1", "bake " * 20_000), vote), "c0")
                await again.wait()
                await pragma("max_page_count=1000000")

        chat = Full([], wanted=1)
        await app.serve(house, configuration, {"console": chat}, asyncio.Event())
    assert [each.report.kind for each in chat.answers if each.report] == ["error"]
    assert chat.reconciled == [0, 1]
