"""A conversation typed by hand: what a typed line means, given what has been shown. Pure; used by `text` and `terminal`.

Plain words answer the open question or change the open plan; where nothing is open they are a new request, so a
newcomer need not know about mentions. `@name …` is always a new request.
"""

from msgspec import Struct, field

from adapters.chat.console.translate import Malformed, Reader, reference, thread_of, unaddressed
from bot.model.events import Event
from bot.model.ids import new_id, short
from bot.model.reports import Attachment, Outgoing, Report

_MARKS = {
    "/approve": ("approve", "✅"),
    "✅": ("approve", "✅"),
    "+": ("approve", "✅"),
    "/reject": ("reject", "❌"),
    "❌": ("reject", "❌"),
    "-": ("reject", "❌"),
    "/cancel": ("cancel", "🛑"),
    "🛑": ("cancel", "🛑"),
}
_MOST_CARDS = 1000
_QUESTION = "question"
_QUIT = frozenset({"/quit", "/exit"})
HELP = (
    "Say what you want in plain words; they also answer a question or change a plan that is open.\n"
    "@{name} … is always something new · + or /approve · - or /reject · /cancel\n"
    "/show the attached files · /as NAME to be somebody else · @{name} help for what you may do · /quit or Ctrl-D"
)


class Notice(Struct, frozen=True):
    """Words of the console itself, for whoever types."""

    text: str


class Quit(Struct, frozen=True):
    """The person has had enough."""


class Talk(Struct):
    """What is open and who speaks. Feed it what is typed (`hear`) and what is sent (`saw`)."""

    reader: Reader
    person: str = ""
    _open: dict[str, str] = field(default_factory=dict)
    _cards: dict[str, Report] = field(default_factory=dict)
    _files: tuple[Attachment, ...] = ()

    def __post_init__(self) -> None:
        self.person = self.person or self.reader.person

    @property
    def topic(self) -> str:
        """What plain words are about: `plan 7f3a`, `question`, or "" for something new."""
        return next(reversed(self._open.values()), "")

    def hear(self, typed: str) -> Event | Notice | Quit | None:
        """What a typed line means. None for an empty one."""
        words = typed.strip()
        command, _, rest = words.partition(" ")
        if not words:
            return None
        if words in _QUIT:
            return Quit()
        if words in _MARKS:
            return self._mark(*_MARKS[words])
        if command == "/as":
            return self._become(rest.strip())
        if command.startswith("/"):
            return Notice(self._own(command))
        return self._message(typed)

    def _own(self, command: str) -> str:
        if command == "/help":
            return HELP.format(name=self.reader.bot_name)
        if command == "/show":
            files = [f"── {file.name}\n{file.text}" for file in self._files]
            return "\n".join(files) or "The last message has no files."
        return f"There is no {command[:32]}. /help says what there is."

    def _become(self, name: str) -> Notice:
        if not name:
            return Notice(f"You are {self.person}. /as NAME makes you somebody else.")
        try:
            self.person = self.reader.account(name).user
        except Malformed as problem:
            return Notice(str(problem))
        return Notice(f"You are {name} now.")

    def _mark(self, action: str, emoji: str) -> Event | Notice:
        for message, report in reversed(self._cards.items()):
            if any(control.action == action for control in report.controls):
                account = self.reader.account(self.person)
                return self.reader.mark(account, "react", emoji, message)
        return Notice(f"There is nothing to {action}.")

    def _message(self, text: str) -> Event:
        account = self.reader.account(self.person)
        thread = next(reversed(self._open), None)
        if thread is not None and unaddressed(text, self.reader.bot_name) is None:
            return self.reader.message(account, text, thread=thread)
        fresh = new_id(self.reader.clock.now())
        return self.reader.message(account, text, fresh, fresh, addressed=True)

    def saw(self, outgoing: Outgoing) -> None:
        """Remember what is open now that this is shown."""
        report, thread = outgoing.report, thread_of(outgoing)
        if report is None:
            return
        if report.attachments:
            self._files = report.attachments
        self._note_card(reference(outgoing), report)
        topic = _topic(report)
        if topic:
            self._open.pop(thread, None)
            self._open[thread] = topic
        elif self._open.get(thread) in _closed_by(report, alone=outgoing.only_to is not None):
            del self._open[thread]

    def _note_card(self, message: str, report: Report) -> None:
        if report.controls:
            self._cards[message] = report
            if len(self._cards) > _MOST_CARDS:
                del self._cards[next(iter(self._cards))]
        else:
            self._cards.pop(message, None)


def _closed_by(report: Report, *, alone: bool) -> tuple[str, ...]:
    """The topics that a report ends in its thread. A card ends only itself: a newer revision may be open there;
    a word to one person alone ends nothing."""
    if report.kind != "plan":
        return () if alone else (_QUESTION,)
    moving = report.data["plan"]["state"] in {"running", "rolling_back"}
    return (_label(report), _QUESTION) if moving else (_label(report),)


def _label(report: Report) -> str:
    plan = report.data["plan"]
    return f"plan {short(plan['id'])}" + (
        f" rev. {plan['revision']}" if plan["revision"] > 1 else ""
    )


def _topic(report: Report) -> str:
    """What words in this report's thread would be about: "" when they would be about nothing."""
    if report.kind == "plan" and "plan" in report.data:
        return _label(report) if report.data["plan"]["state"] == "pending" else ""
    question = report.data.get("question")
    return _QUESTION if question is not None and "answer" not in question else ""
