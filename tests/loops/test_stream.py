"""What people see of an answer that is being written: in one post, no oftener than once a second, and nothing that is not whole."""

import asyncio
import json
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.cases import say
from bot.cases.stream import AGAIN, MOST_HEARD, PACE, SILENT, Place, Stream, ended, streaming
from bot.house import House, nothing
from bot.model.errors import ParleyError
from bot.model.events import Message
from bot.model.llm import Piece, Prompt, Tool
from bot.model.reports import Report
from bot.redact import SecretRedactor
from bot.report.refusal import note
from bot.store import outbox
from tests.loops.conftest import ALICE, ASKED, START, Scene
from tests.redaction.planted import plants

TELL = Tool("tell", "Answer.", {}, says="answer")
OTHER = Tool("look", "Look.", {})
QUESTION = Prompt("", (OTHER, TELL), ())
LEAST = 5
PLANTS = [(plant.line, plant.secret) for plant in plants()]


class Paced:
    """Seconds pass when the test says so; `slept` are those that somebody waits."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self._passed = asyncio.Semaphore(0)

    def now(self) -> datetime:
        return START

    def monotonic(self) -> float:
        return float(len(self.slept))

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await self._passed.acquire()

    async def second(self) -> None:
        """One is over, and what was waited for has been done."""
        self._passed.release()
        for _ in range(20):
            await asyncio.sleep(0.005)


class Watched:
    """A house with a clock of its own, and what its outbox says."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.clock = scene, Paced()
        self.house: House = replace(
            scene.house, clock=self.clock, models=object(), redactor=SecretRedactor()
        )
        self.place = Place("reply/x", ASKED, lambda text: text[:400], lambda _: True, ALICE)

    async def second(self) -> None:
        await self.clock.second()

    async def seen(self) -> list[tuple[str, str]]:
        """What is sent now."""
        sent = await self.scene.deliver()
        return [(each.kind, each.report.text) for each in sent if each.report]


@pytest.fixture
async def watched(scene: Scene) -> Watched:
    return Watched(scene)


def says(stream: Stream, *texts: str, begin: bool = True) -> None:
    if begin:
        stream.hear(Piece("", "tell"))
    for text in texts:
        stream.hear(Piece(text, "tell"))


async def test_it_is_posted_once_and_then_edited(watched: Watched) -> None:
    async with streaming(watched.house, watched.place) as stream:
        stream.begin(QUESTION)
        says(stream, '{"answer": "The disk is full a')
        await watched.second()
        assert await watched.seen() == [("post", "The disk is full …")]
        says(stream, "nd the lo", begin=False)
        await watched.second()
        assert await watched.seen() == [("edit", "The disk is full and the …")]
    report = note("The disk is full and the log too.")
    await watched.house.store.write(
        lambda c: outbox.put(c, "reply/x", ASKED, report, at=watched.clock.now())
    )
    assert await watched.seen() == [("edit", "The disk is full and the log too.")]


async def test_whoever_asked_hears_that_it_takes_long(watched: Watched) -> None:
    place = replace(watched.place, still="I am still at it")
    async with streaming(watched.house, place) as stream:
        stream.begin(QUESTION)
        await asyncio.sleep(0.05)
        assert watched.clock.slept == [SILENT]
        await watched.second()
        assert await watched.seen() == [("post", "I am still at it …")]
        says(stream, '{"answer": "The disk is full a')
        await watched.second()
        assert await watched.seen() == [("edit", "The disk is full …")]


async def test_what_is_written_already_needs_no_such_word(watched: Watched) -> None:
    place = replace(watched.place, still="I am still at it")
    async with streaming(watched.house, place) as stream:
        stream.begin(QUESTION)
        says(stream, '{"answer": "The disk is full a')
        await asyncio.sleep(0.05)
        assert sorted(watched.clock.slept) == [PACE, SILENT]
        await watched.second()
        await watched.second()
        assert await watched.seen() == [("post", "The disk is full …")]


async def test_what_is_about_to_be_written_needs_none_either(watched: Watched) -> None:
    place = replace(watched.place, still="I am still at it")
    async with streaming(watched.house, place) as stream:
        stream.begin(QUESTION)
        await asyncio.sleep(0.05)
        says(stream, '{"answer": "The disk is full a')
        await asyncio.sleep(0.05)
        assert watched.clock.slept == [SILENT, PACE]
        await watched.second()
        assert await watched.seen() == []
        await watched.second()
        assert await watched.seen() == [("post", "The disk is full …")]


async def test_nothing_is_written_before_a_second_or_without_news(watched: Watched) -> None:
    store = watched.house.store
    before = store.transactions
    async with streaming(watched.house, watched.place) as stream:
        stream.begin(QUESTION)
        says(stream, '{"answer": "The disk is full and')
        await asyncio.sleep(0.05)
        assert store.transactions == before
        for number in range(50):
            says(stream, f"x{number}", begin=False)
        await watched.second()
        assert store.transactions == before + 1
        says(stream, "y", begin=False)  # the same word goes on
        await watched.second()
        assert store.transactions == before + 1
    assert watched.clock.slept == [1.0, 1.0]


async def test_only_what_says_something_is_shown(watched: Watched) -> None:
    async with streaming(watched.house, watched.place) as stream:
        stream.begin(QUESTION)
        stream.hear(Piece("words beside it "))
        stream.hear(Piece("", "look"))
        stream.hear(Piece('{"answer": "no words ', "look"))
        says(stream, '{"more": "no answer ', '", "answer": 7, ')
        await watched.second()
        assert await watched.seen() == []


@pytest.mark.parametrize(
    "odd", ["[1, 2", "no json", '{"answer": ["a b c', '{"answer": "\\ud800 a b c', "nul", '"a b c']
)
async def test_what_cannot_be_read_is_not_shown_and_what_follows_is(
    watched: Watched, odd: str
) -> None:
    async with streaming(watched.house, watched.place) as stream:
        stream.begin(QUESTION)
        says(stream, odd)
        await watched.second()
        assert await watched.seen() == []
        says(stream, '{"answer": "One two three ')
        await watched.second()
        assert await watched.seen() == [("post", "One two three …")]


async def test_half_of_a_character_is_waited_for(watched: Watched) -> None:
    async with streaming(watched.house, watched.place) as stream:
        stream.begin(QUESTION)
        says(stream, '{"answer": "One \\ud83d')
        await watched.second()
        says(stream, "\\ude00 two three", begin=False)
        await watched.second()
        assert (await watched.seen())[-1] == ("post", "One \U0001f600 two …")


async def test_what_is_asked_anew_makes_it_void(watched: Watched) -> None:
    async with streaming(watched.house, watched.place) as stream:
        stream.begin(QUESTION)
        says(stream, '{"answer": "Wrong words are ')
        await watched.second()
        await watched.seen()
        stream.begin(QUESTION)
        await watched.second()
        assert await watched.seen() == [("edit", AGAIN)]
        says(stream, '{"answer": "Right words are ')
        await watched.second()
        assert await watched.seen() == [("edit", "Right words are …")]
        stream.hear(Piece("", "tell"))
        says(stream, '{"answer": "Better words are ')
        await watched.second()
        assert await watched.seen() == [("edit", "Better words are …")]


async def test_ten_megabytes_are_little_work(watched: Watched) -> None:
    store = watched.house.store
    before = store.transactions
    async with streaming(watched.house, watched.place) as stream:
        stream.begin(QUESTION)
        says(stream, '{"answer": "')
        for _ in range(10):
            for _ in range(10_000):
                says(stream, "many words " * 10, begin=False)
            await watched.second()
        assert len("".join(stream._heard)) <= MOST_HEARD
    assert store.transactions == before + 1, "what is shown is full after the first of them"
    assert all(len(text) <= 410 for _, text in await watched.seen())


async def test_what_is_raised_within_is_raised_as_it_is(watched: Watched) -> None:
    error = ParleyError("No.", "Yes.")

    async def work() -> None:
        async with streaming(watched.house, watched.place) as stream:
            stream.begin(QUESTION)
            says(stream, '{"answer": "Half an ')
            raise error

    with pytest.raises(ParleyError) as raised:
        await work()
    assert raised.value is error
    await watched.second()
    assert await watched.seen() == []


async def test_whoever_is_cancelled_within_stays_cancelled(watched: Watched) -> None:
    async def work() -> None:
        async with streaming(watched.house, watched.place):
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_house_that_cannot_show_it_still_answers(watched: Watched) -> None:
    class Broken(SecretRedactor):
        def settled(self, text: str) -> str:
            raise RuntimeError(text)

    house = replace(watched.house, redactor=Broken())
    async with streaming(house, watched.place) as stream:
        stream.begin(QUESTION)
        says(stream, '{"answer": "Half an ')
        await watched.second()
    assert await watched.seen() == []


def event() -> Message:
    return Message("m1", ASKED, ALICE, "why?", START)


async def _half(watched: Watched) -> None:
    report = note("Half an")
    key = say.key(event())
    await watched.house.store.write(lambda c: outbox.post(c, key, ASKED, report, at=START))


@pytest.mark.parametrize("out", [False, True])
async def test_what_comes_to_nothing_is_taken_back(watched: Watched, out: bool) -> None:
    await _half(watched)
    if out:
        await watched.seen()
    await watched.house.store.write(ended(watched.house, event(), nothing))
    kind = "edit" if out else "post"
    assert await watched.seen() == [(kind, say.TAKEN_BACK)]


async def test_what_is_said_instead_is_all_that_is_seen(watched: Watched) -> None:
    await _half(watched)
    await watched.seen()
    report: Report = note("The whole.")
    effect = ended(watched.house, event(), lambda c: say.reply(c, event(), report, START))
    await watched.house.store.write(effect)
    assert await watched.seen() == [("edit", "The whole.")]


async def test_where_nothing_was_begun_nothing_is_taken_back(watched: Watched) -> None:
    await watched.house.store.write(ended(watched.house, event(), nothing))
    assert await watched.seen() == []


async def test_however_it_is_cut_no_part_of_a_secret_is_shown(watched: Watched) -> None:
    place, house = watched.place, watched.house

    @settings(max_examples=150, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(PLANTS), st.booleans(), st.data())
    def check(planted: tuple[str, str], escaped: bool, data: st.DataObject) -> None:
        line, secret = planted
        text = f"It says {line} there.\n"
        around = text.replace(secret, "\n")
        written = json.dumps({"answer": text, "more": "x"}, ensure_ascii=escaped)
        places = st.lists(st.integers(0, len(written)), max_size=25)
        cuts = sorted({0, len(written), *data.draw(places)})
        stream = Stream(house, replace(place, cut=lambda words: words))
        stream.begin(QUESTION)
        says(stream)
        for start, end in pairwise(cuts):
            says(stream, written[start:end], begin=False)
            seen: Any = stream.words()
            parts = {secret[at : at + LEAST] for at in range(len(secret) - LEAST + 1)}
            assert not [part for part in parts if part in seen and part not in around], seen

    check()
