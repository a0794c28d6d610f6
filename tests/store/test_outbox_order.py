"""The outbox against a small model: posts, edits, senders that fail and die, in any order that hypothesis can think of."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.model.people import Conversation
from bot.model.reports import Outgoing, Paragraph, Report
from bot.store import outbox, sqlite
from bot.store.migrate import prepare

THREADS = [Conversation("matrix", "!room", f"${name}") for name in "abc"]
SECONDS = st.integers(-100, 100)


def words(text: str) -> Report:
    return Report("answer", (Paragraph(text),))


class Outbox(RuleBasedStateMachine):
    """`platform` is what people see: reference → words. `wanted` is what they ought to see in the end: key → words."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        url = f"sqlite:///{Path(self.folder.name) / 'parley.db'}"
        prepare(url)
        self.connection = sqlite.engine(url, write=True).connect()
        self.at = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
        self.wanted: dict[str, str] = {}
        self.dead: set[str] = set()
        self.platform: dict[str, str] = {}
        self.flying: list[Outgoing] = []
        self.numbers: dict[Conversation, list[int]] = {thread: [] for thread in THREADS}
        self.count = 0

    def teardown(self) -> None:
        self.connection.close()
        self.folder.cleanup()

    def tell(self) -> str:
        self.count += 1
        return f"words {self.count}"

    @rule(thread=st.sampled_from(THREADS))
    def post(self, thread: Conversation) -> None:
        text = self.tell()
        key = f"key {self.count}"
        with self.connection.begin():
            outbox.post(self.connection, key, thread, words(text), at=self.at)
        self.wanted[key] = text

    @precondition(lambda self: self.wanted)
    @rule(data=st.data())
    def edit(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.wanted)))
        self.wanted[key] = self.tell()
        with self.connection.begin():
            outbox.edit(self.connection, key, words(self.wanted[key]), self.at)

    @rule(limit=st.integers(1, 4))
    def claim(self, limit: int) -> None:
        with self.connection.begin():
            taken = outbox.claim(self.connection, self.at, limit)
        flying = [each.conversation for each in self.flying]
        for each in taken:
            assert each.conversation not in flying
            flying.append(each.conversation)
            numbers = self.numbers[each.conversation]
            assert not numbers or each.number >= numbers[-1]
            numbers.append(each.number)
        self.flying += taken

    def deliver(self, each: Outgoing) -> None:
        assert each.report is not None
        text = each.report.paragraphs[0].text
        if each.kind == "post":
            assert each.key not in self.platform
            self.platform[each.key] = text
        else:
            assert each.message in self.platform
            self.platform[each.message] = text
        with self.connection.begin():
            outbox.sent(self.connection, each.number, each.message or each.key, self.at)

    @precondition(lambda self: self.flying)
    @rule()
    def sent(self) -> None:
        self.deliver(self.flying.pop(0))

    @precondition(lambda self: self.flying)
    @rule(seconds=SECONDS, uncertain=st.booleans())
    def retry(self, seconds: int, uncertain: bool) -> None:
        each = self.flying.pop()
        due = self.at + timedelta(seconds=seconds)
        with self.connection.begin():
            outbox.retry(self.connection, each.number, "later", due, uncertain=uncertain)

    @precondition(lambda self: self.flying)
    @rule()
    def give_up(self) -> None:
        each = self.flying.pop()
        if each.kind == "edit":  # its words are lost, so nothing can be said of what people see
            self.dead.add(str(each.message))
        else:
            self.dead.add(each.key)
        with self.connection.begin():
            outbox.undeliverable(self.connection, each.number, "never")

    @rule()
    def crash(self) -> None:
        numbers = {each.number for each in self.flying}
        with self.connection.begin():
            assert outbox.recover(self.connection) == len(numbers)
            taken = outbox.take(self.connection, self.at, 99)
        self.flying.clear()
        assert {
            each.number for each in taken if each.number in numbers and not each.uncertain
        } == set()

    @rule(seconds=SECONDS)
    def time(self, seconds: int) -> None:
        self.at += timedelta(seconds=seconds)

    @invariant()
    def everything_comes_out(self) -> None:
        """From wherever we are, a sender that works leaves everybody reading the last words."""
        platform, flying = dict(self.platform), list(self.flying)
        transaction = self.connection.begin()
        for each in flying:
            outbox.retry(self.connection, each.number, "", self.at)
        late = self.at + timedelta(days=1)
        while taken := outbox.claim(self.connection, late, 9):
            for each in taken:
                assert each.report is not None
                key = each.message or each.key
                assert (key in platform) == (each.kind == "edit")
                platform[key] = each.report.paragraphs[0].text
                outbox.sent(self.connection, each.number, key, late)
        transaction.rollback()
        alive = {key: text for key, text in self.wanted.items() if key not in self.dead}
        assert {key: text for key, text in platform.items() if key in alive} == alive


TestOutbox = Outbox.TestCase
TestOutbox.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
