"""Hop one: what a chat heard is stored before its platform is told. Started by `bot.app` for each chat; events go on to
`bot.loops.dispatch`."""

import logging
from collections.abc import Iterator
from contextlib import aclosing

from msgspec.structs import replace
from sqlalchemy import Connection

from bot.cases import card, press, undelivered
from bot.cases.vote import EMOJI
from bot.house import House
from bot.loops import patience
from bot.loops.dispatch import Dispatch
from bot.metrics import EVENTS
from bot.model.errors import (
    ParleyError,
    PermanentError,
    StoreError,
    TemporaryError,
    UnreadableError,
)
from bot.model.events import Batch, Click, Event, File, Message, Reaction
from bot.model.people import Account, Conversation
from bot.model.ports import Chat, Shown
from bot.model.reports import Outgoing, Report
from bot.report import refusal
from bot.store import inbox, marks, outbox, plans, votes
from bot.store.plan_rows import Stored

log = logging.getLogger(__name__)

FIRST, LONGEST = 1.0, 300.0
"""Seconds until a chat that broke listens again: at first, and at most."""
MOMENTS, MOMENT = 20, 0.05
"""How often, and after how many seconds, a deleted message that nobody knows is looked for while a post is on its way."""
AGAIN = 3600.0
"""Seconds after which reactions on pending cards are read again without a reason: a platform may have lost one."""
TRIES = 8
"""How often the reactions on pending cards are asked for at the start, over about two minutes."""


async def listen(house: House, instance: str, chat: Chat, dispatch: Dispatch) -> None:
    """Everything this chat hears, until it ends. A chat that can never work is logged; the others go on. One that breaks
    listens again from where it was, later and later."""
    pause = FIRST
    while True:
        try:
            await _hear(house, instance, chat, dispatch)
        except PermanentError as error:
            log.error("chat %s ended: %s", instance, error)  # noqa: TRY400 - a sentence with the mend, no traceback
            house.health[instance] = house.down[instance] = str(error)
        except UnreadableError:  # no pause mends it
            raise
        except Exception as error:  # an adapter's own mistake must not end the other chats
            log.exception("chat %s broke and listens again in %.0f s", instance, pause)
            house.health[instance] = f"broke, and listens again: {error!r}"
            await house.clock.sleep(pause)
            pause = min(LONGEST, pause * 2)
            continue
        return


async def reread(house: House, instance: str, chat: Chat, dispatch: Dispatch) -> None:
    """For ever: reactions on pending cards are read again when a card is found that had come out unknown to us."""
    while True:
        await house.bus.wait(f"reread {instance}", AGAIN)
        try:
            await _reconcile(house, instance, chat, dispatch)
        except ParleyError as error:
            log.warning("chat %s: reactions could not be read again: %s", instance, error)
        except Exception:  # an adapter's own mistake must not end the others
            log.exception("chat %s broke while reactions were read again", instance)


async def _hear(house: House, instance: str, chat: Chat, dispatch: Dispatch) -> None:
    cursor = await house.store.read(lambda connection: inbox.cursor(connection, instance))
    await _reconcile(house, instance, chat, dispatch)
    async with aclosing(chat.listen(cursor)) as heard:  # type: ignore[type-var]  # listen is an async generator
        async for batch in heard:
            await _lose(house, instance, batch)
            await _take(house, instance, chat, dispatch, batch)


async def _take(house: House, instance: str, chat: Chat, dispatch: Dispatch, batch: Batch) -> None:
    events = [_redacted(house, event) for event in batch.events]
    try:
        new = await dispatch.hear(instance, events, batch.cursor, batch.first)
    except StoreError as error:
        await _refuse(house, chat, batch, error)
        if any(isinstance(event, Reaction) for event in batch.events):  # it stays on its card
            house.bus.wake(f"reread {instance}")
        return
    for event in new:
        house.metrics.count(EVENTS, instance, event.kind)
    house.health[instance] = "connected"
    if batch.lost:
        log.warning("chat %s: %s", instance, batch.lost)
        house.health[instance] = batch.lost
        report = refusal.history_lost(batch.lost)
        await patience.write(house, lambda c: _tell_waiting(c, house, instance, report))
        house.bus.wake(f"outbox {instance}")


def _tell_waiting(connection: Connection, house: House, instance: str, report: Report) -> None:
    """Every place of this chat in which a card waits: something written there may not have been heard."""
    now = house.clock.now()
    pending = plans.in_state(connection, "pending")
    there = (each for stored in pending for each in card.cards(connection, stored))
    waiting = {each.conversation for each in there if each.stands}
    for conversation in waiting:
        if conversation.instance == instance:
            key = f"lost/{conversation.room}/{conversation.thread}/{now.isoformat()}"
            outbox.post(connection, key, conversation, report, at=now)


async def _lose(house: House, instance: str, batch: Batch) -> None:
    """What somebody took away is shown again, here or elsewhere. Heard twice, it is done once."""
    if not (batch.gone or batch.closed):
        return

    def lose(connection: Connection) -> bool:
        early = undelivered.gone(connection, house, instance, batch.gone, "It was deleted.")
        coming = [undelivered.closed(connection, house, instance, *each) for each in batch.closed]
        return bool(early) or any(coming)

    # A card may be deleted, or its room closed, sooner than its reference is noted: that takes a moment, and no more is waited for.
    for _ in range(MOMENTS):
        if not await patience.write(house, lose):
            break
        await house.clock.sleep(MOMENT)
    undelivered.wake(house, instance)


def _redacted(house: House, event: Event) -> Event:
    """Nobody's words are stored with one of our secrets in them."""
    match event:
        case Message():
            return _clean(house, event)
        case Click(action=action) if (clean := house.redactor.redact(action)) != action:
            return replace(event, action=clean)
        case _:
            return event


def _clean(house: House, event: Message) -> Message:
    redact = house.redactor.redact
    text = redact(event.text)
    files = tuple(_named(file, redact(file.name)) for file in event.files)
    return (
        event
        if (text, files) == (event.text, event.files)
        else replace(event, text=text, files=files)
    )


def _named(file: File, name: str) -> File:
    """Under its clean name. An id with the old one in it, which is a path of this machine, is not kept either: such a file
    cannot be fetched."""
    if name == file.name:
        return file
    return replace(file, name=name, id=file.id.replace(file.name, name))


async def _refuse(house: House, chat: Chat, batch: Batch, error: StoreError) -> None:
    """What cannot be stored is refused aloud, once a conversation, without the store's help."""
    log.error("nothing can be stored: %s", error)
    places = {event.conversation: event for event in batch.events if event.conversation is not None}
    for conversation, event in places.items():
        report = refusal.error(
            error.what, f"{error.mend} Then say it again.", changed="I did not take your message."
        )
        await _say_directly(chat, conversation, f"refused/{event.id}", report)


async def _say_directly(chat: Chat, conversation: Conversation, key: str, report: Report) -> None:
    try:
        await chat.send(Outgoing(key, 0, conversation, "post", report))
    except ParleyError as error:
        log.warning("could not say that nothing can be stored: %s", error)


async def _reconcile(house: House, instance: str, chat: Chat, dispatch: Dispatch) -> None:
    """Reactions put on, or taken off, pending cards while nobody listened."""
    for attempt in range(TRIES):
        try:
            events = await chat.reconcile(await _shown(house, instance))
            break
        except TemporaryError as error:
            log.warning("chat %s: reactions could not be read yet: %s", instance, error)
            await house.clock.sleep(min(30.0, 2.0**attempt))
    else:
        house.health[instance] = "reactions on pending cards could not be read at the start"
        return
    if events:
        at = house.clock.now()
        received = await patience.write(
            house, lambda connection: inbox.accept(connection, instance, events, None, at)
        )
        dispatch.offer(received)


async def _shown(house: House, instance: str) -> list[Shown]:
    return await house.store.read(lambda connection: list(_pending(connection, instance)))


def _pending(connection: Connection, instance: str) -> Iterator[Shown]:
    waiting = (*plans.in_state(connection, "pending"), *plans.in_state(connection, "held"))
    for stored in waiting:
        for post in card.cards(connection, stored):
            if post.conversation.instance == instance and post.reference and post.stands:
                yield Shown(post.reference, post.conversation, _known(connection, stored, instance))


def _known(connection: Connection, stored: Stored, instance: str) -> frozenset[tuple[Account, str]]:
    """The reactions that we have counted."""
    emoji = {verdict: sign for sign, verdict in EMOJI.items()}
    cast = (
        (vote.account, vote.way, emoji[vote.verdict])
        for vote in votes.standing(connection, stored.digest)
    )
    put = (
        (mark.account, mark.way, press.SIGNS[mark.word or mark.kind])
        for mark in marks.standing(connection, stored.plan.id, stored.plan.revision)
    )
    return frozenset(
        (account, sign)
        for account, way, sign in (*cast, *put)
        if way == "reaction" and account.instance == instance
    )
