"""What the rooms need of each other, one screen each. Implemented in `adapters`, `capabilities` and `bot`; wired in `bot.app`."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from msgspec import Struct, field

from bot.model.events import Batch, Event, File
from bot.model.llm import Said, Usage
from bot.model.people import Account, Conversation
from bot.model.plans import Agent, Draft, Step
from bot.model.questions import QuestionKind
from bot.model.reports import Outgoing, Page
from bot.model.roles import Role
from bot.model.runs import Limits, Outcome, Returned
from bot.model.sections import Action, Output, Refusal, Rendered, Section, Value


class Clock(Protocol):
    """The only source of time. `now` is aware UTC; `monotonic` is seconds that never go back."""

    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...
    async def sleep(self, seconds: float) -> None: ...


class Shown(Struct, frozen=True):
    """A card or question still open on a platform, for `Chat.reconcile`: its reference, its thread, and the
    (account, emoji) pairs that the store believes are on it."""

    message: str
    conversation: Conversation
    known: frozenset[tuple[Account, str]] = frozenset()


class Chat(Protocol):
    """One chat platform instance."""

    def listen(self, cursor: str | None) -> AsyncIterator[Batch]:
        """Everything heard since `cursor`, in order, for as long as the connection is wanted. Reconnects by itself.

        Raises PermanentError when it can never work (a revoked token)."""
        ...

    async def send(self, outgoing: Outgoing) -> str:
        """Deliver and return the platform's reference. Raises TemporaryError or PermanentError.

        Of a post outside of every thread (`Conversation.thread` is "") the reference is `THREAD` or `ROOM/THREAD`, where
        THREAD is what answers to it have as their thread."""
        ...

    async def reconcile(self, shown: Sequence[Shown]) -> Sequence[Event]:
        """The reactions that differ between the platform and `Shown.known`, as events. Called on every (re)start."""
        ...


@runtime_checkable
class Fetches(Protocol):
    """A chat that people can send files to."""

    async def fetch(self, file: File, limit: int) -> bytes:
        """What is in it. Raises TemporaryError, PermanentError when it is gone or longer than `limit` bytes, which are
        never read whole."""
        ...


@runtime_checkable
class Closes(Protocol):
    """A chat that holds a connection open. Asked when everything else has ended."""

    async def close(self) -> None: ...


@runtime_checkable
class Connects(Protocol):
    """A chat that knows whether it can hear its platform now."""

    @property
    def trouble(self) -> str:
        """Why nothing is heard, in words; "" while it is connected."""
        ...


class Home(Protocol):
    """What a chat may show each person outside of every room."""

    async def page(self, account: Account) -> Page:
        """As it is now. A stranger reads how to be added. Raises StoreError."""
        ...

    async def changed(self) -> None:
        """Return when some page may have changed since the last call."""
        ...


class Target(Protocol):
    """One machine or service on which actions are performed."""

    async def identity(self) -> str:
        """Who this is, resolved (URL, user, fingerprint): part of the plan's digest. Raises TemporaryError when not reachable."""
        ...

    async def perform(self, action: Action, limits: Limits, attempt: str) -> Outcome:
        """Do it, once. Being cancelled ends the command and all it started (SIGTERM, after `limits.grace` SIGKILL)
        before CancelledError goes on. `attempt` is unique. Never raises for a command that fails."""
        ...

    async def close(self) -> None: ...


class Guard(Protocol):
    """The last look before anything runs."""

    def check(self, step: Step) -> Refusal | None:
        """Render the step again from its stored section and slots, compare byte for byte, check level, paths and hosts."""
        ...


class Outputs(Protocol):
    """What steps put out, and what later steps make of it."""

    async def read(self, section: Section, said: bytes) -> tuple[Returned, ...]:
        """What of the section's `Returns` stands in the raw output of one of its actions; what is of the wrong type has a fault."""
        ...

    async def search(self, expression: str, said: bytes, *, lines: bool, most: int) -> list[str]:
        """What a page's expression finds: the first group, or the whole, of at most so many matches. With `lines`, `^` and `$` are
        the ends of a line. It may take for ever and never holds anybody up: raises TemporaryError where it took too long."""
        ...

    def fill(self, step: Step, values: Mapping[tuple[str, str], str]) -> Step | Refusal:
        """The step with values, by (step, name), in place of its outputs, nothing else of it changed, and checked as
        `Guard.check` does."""
        ...


class Renderer(Protocol):
    """Slots in, argv out."""

    def render(
        self,
        section: Section,
        slots: Mapping[str, Value],
        agent: Agent,
        outputs: Mapping[str, Output] | None = None,
    ) -> tuple[dict[str, Value], Rendered] | Refusal:
        """Fill `from agent` slots and defaults, type-check every value, render. The first element has every slot's final value.
        The slots of `outputs` stay open."""
        ...

    def check(self, section: Section, slot: str, value: Value) -> Refusal | None:
        """Type-check one value."""
        ...


class Hit(Struct, frozen=True):
    """A section found. `score` is higher for better; `covered` is true when every word of its title or of one of its
    aliases stands in the query (stemmed, stop words apart) and `words` is how many; `rest`, set when covered, counts the query words that stand nowhere in the section."""

    id: str
    score: float
    covered: bool = False
    words: int = 0
    rest: int = 0


class Catalogue(Protocol):
    """The capabilities in force."""

    def section(self, id: str) -> Section | None: ...
    def search(
        self, query: str, limit: int = 8, packs: Sequence[str] | None = None
    ) -> list[Hit]: ...
    def sections(self, packs: Sequence[str] | None = None) -> Sequence[Section]: ...


class Request(Struct, frozen=True):
    """What somebody wants, addressed to `agents` (those allowed in this room). `draft` is what is known already, `turns` what
    was said before in the thread, oldest first, and `people` by whom, `before` the request to which `text` is only an answer, `words` the message as it was, with
    the names in it, and `others` the agents here that it does not address, for the rest of a wish that begins with one of
    `agents`; `hidden` are the names of those that nobody outside hears of; `roles` are what agents are for; `failure` what machines said
    when the plan above was tried, and `seen` what they said in an investigation: data, and nobody's words. `private`, where not empty, is why no model outside may be asked; `alone` why
    none at all may."""

    text: str
    agents: tuple[Agent, ...]
    draft: Draft | None = None
    turns: tuple[Said, ...] = ()
    people: tuple[str, ...] = ()
    before: str = ""
    words: str = ""
    others: tuple[Agent, ...] = ()
    hidden: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()
    failure: str = ""
    seen: tuple[str, ...] = ()
    private: str = ""
    alone: str = ""


class Thought(Struct, frozen=True):
    """What an idea cost: who thought (`provider`, "" for the planner without a model, whoever was asked before), with which model, over how many questions
    to it, in how many seconds. `note` is a sentence for people: why another was asked than the first choice. `people` are those whose
    words it was made of, besides whoever asked; `bill` is the number of its row among what models have cost, once it has one."""

    provider: str = ""
    model: str = ""
    questions: int = 0
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    note: str = ""
    people: tuple[str, ...] = ()
    bill: int | None = None


class Wanted(Struct, frozen=True):
    """Ready to become a plan."""

    drafts: tuple[Draft, ...]
    thought: Thought = Thought()


class Unclear(Struct, frozen=True):
    """One question for the person."""

    kind: QuestionKind
    text: str
    choices: tuple[str, ...] = ()
    draft: Draft | None = None
    slot: str = ""
    thought: Thought = Thought()


class Unknown(Struct, frozen=True):
    """Nothing fits. `nearest` are at most three `(pack, section title)`; `suggestion` is the agent's name probably meant."""

    text: str
    nearest: tuple[str, ...] = ()
    suggestion: str = ""
    thought: Thought = Thought()


class Answer(Struct, frozen=True):
    """Words about a plan or about what was said: nothing is to be done."""

    text: str
    thought: Thought = Thought()


Idea = Wanted | Unclear | Unknown | Answer


class Planner(Protocol):
    async def plan(self, request: Request) -> Idea: ...


class Speech(Protocol):
    """A service that hears and speaks. Both raise TemporaryError or PermanentError with a sentence and its mend, after a few
    tries of their own."""

    async def transcribe(self, sound: bytes, name: str, media_type: str) -> str:
        """The words in a sound file; "" for silence. They are data."""
        ...

    async def speak(self, text: str) -> bytes:
        """An MP3 of somebody saying this."""
        ...

    async def close(self) -> None: ...


class Redactor(Protocol):
    """Secrets out, before anything is stored, logged, posted or audited."""

    def redact(self, text: str) -> str: ...

    def settled(self, text: str) -> str:
        """The beginning of a text that is still being written, as far as it may be shown already."""
        ...
