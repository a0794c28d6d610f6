"""One provider asked, and told what is wrong with its answer: at most two corrections. Used by `bot.planner.model` and
`bot.planner.inquiry`, which read answers each in their own way.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Generic, Protocol, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from bot.model.errors import ParleyError, PermanentError
from bot.model.llm import Piece, Prompt, Reply, Turn, Usage
from bot.model.ports import Clock, Thought
from bot.planner.picks import Wrong, told
from bot.planner.router import Provider, Router

CORRECTIONS = 2
"""How often a model may mend its answer before the person is asked."""

QUESTIONS = 48
"""To models about one request, whoever is asked: an investigation takes 39 at most."""

Found = TypeVar("Found")
log = logging.getLogger(__name__)


class Bill(Struct):
    """What one request has cost so far, whoever was asked. `put` counts the questions, also those whose answer is still to come."""

    thought: Thought = field(default_factory=Thought)
    put: int = 0

    def add(self, provider: Provider, reply: Reply, seconds: float) -> None:
        before = self.thought
        self.thought = replace(
            before,
            provider=provider.name,
            model=reply.model or before.model,
            questions=before.questions + 1,
            usage=total((before.usage, reply.usage)) if before.questions else reply.usage,
            seconds=before.seconds + seconds,
        )


class Answered(Struct, Generic[Found], frozen=True):
    """What an answer was read as. `reply` is that answer, `turns` are the corrections before it."""

    found: Found
    reply: Reply
    turns: tuple[Turn, ...]


class Listener(Protocol):
    """Whoever wants to hear answers while they are being written. What is heard is data, and may turn out to be no answer."""

    def begin(self, question: Prompt) -> None:
        """Somebody is asked: what was heard before is void."""
        ...

    def hear(self, piece: Piece) -> None: ...


async def corrected(
    router: Router,
    clock: Clock,
    provider: Provider,
    question: Prompt,
    read: Callable[[Reply], Found | Wrong],
    bill: Bill,
    listener: Listener | None = None,
) -> Answered[Found] | None:
    """The first answer that `read` makes sense of; None when none did. The router is told how it went. Raises TemporaryError,
    PermanentError."""
    turns: tuple[Turn, ...] = ()
    for _ in range(1 + CORRECTIONS):
        if bill.put >= QUESTIONS:
            what = f"I have put {QUESTIONS} questions to models about this and come to no end."
            raise PermanentError(what, "Ask for less at once.", reason="too long")
        bill.put += 1
        before = clock.monotonic()
        try:
            asked = replace(question, turns=(*question.turns, *turns))
            reply = await _whole(provider, asked, listener)
        except ParleyError as error:
            router.failed(provider, error)
            raise
        seconds = clock.monotonic() - before
        router.answered(provider, seconds, reply.usage.dollars)
        bill.add(provider, reply, seconds)
        found = read(reply)
        if not isinstance(found, Wrong):
            return Answered(found, reply, turns)
        log.info("model %s is told what is wrong: %s", provider.name, found)
        turns = (*turns, *told(reply, found))
    return None


async def _whole(provider: Provider, question: Prompt, listener: Listener | None) -> Reply:
    """The whole answer; its pieces are for the listener alone."""
    if listener is not None:
        listener.begin(question)
    async with aclosing(provider.model.reply(question)) as pieces:  # type: ignore[type-var]  # reply is an async generator
        async for piece in pieces:
            if isinstance(piece, Reply):
                return piece
            if listener is not None:
                listener.hear(piece)
    what = f"{provider.name} ended without an answer."
    raise PermanentError(what, "Ask again.", reason="incomplete")


def total(usages: Sequence[Usage]) -> Usage:
    """All of them as one. Its price is of what is known; None where nothing is."""
    prices = [each.dollars for each in usages if each.dollars is not None]
    return Usage(
        fresh=sum(each.fresh for each in usages),
        kept=sum(each.kept for each in usages),
        written=sum(each.written for each in usages),
        dollars=sum(prices) if prices else None,
    )
