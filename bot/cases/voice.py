"""A voice note: fetched, heard, quoted in its thread, then planned from like typed words. Called by `bot.flow`.

The quote is committed before anything is planned, and holds the transcript: an event that is handled again after a crash
finds it there. What goes wrong on the way is an error that `bot.loops.dispatch` says in the thread.
"""

from msgspec.structs import replace
from sqlalchemy import Connection

from approvals import gate
from bot.cases import card, reply, request, spoken
from bot.cases.fetch import fetch
from bot.house import Effect, House, nothing
from bot.model.errors import PermanentError
from bot.model.events import File, Message
from bot.model.sections import Refusal
from bot.report import heard
from bot.speech import Ears, length_of
from bot.store import heard as kept
from bot.store import outbox, questions

DEAF = "I cannot listen to voice notes: [speech] is not configured."
LONGEST = 4000
"""Characters of a transcript from which something is planned."""


def is_note(event: Message) -> bool:
    """Whether somebody speaks. With words beside it a voice note is a file like any other: the words count."""
    return not event.text.strip() and any(file.voice for file in event.files)


async def handle(house: House, event: Message) -> Effect:
    """What the words in it come to. Raises TemporaryError or PermanentError with a sentence for its thread."""
    if not event.addressed and not await house.store.read(lambda c: _awaited(c, event)):
        return nothing
    person = gate.requester(event.account, house.people)
    if isinstance(person, Refusal):
        return request.stranger(house, event, person) if event.addressed else nothing
    text = await _text(house, event)
    if spoken.is_order(text, house.name):
        return spoken.refused(house, event)
    said = replace(event, text=text, files=(), spoken=True)
    if event.addressed:
        return await request.handle(house, said)
    return await reply.handle(house, said)


def _awaited(connection: Connection, event: Message) -> bool:
    """Whether a reply that does not mention the bot would be listened to if it were typed."""
    if questions.newest(connection, event.conversation) is not None:
        return True
    return any(each.undecided for each in card.talked_about(connection, event.conversation))


async def _text(house: House, event: Message) -> str:
    """What was said, once it is quoted in the thread."""
    key = f"heard/{event.account.instance}/{event.account.tenant}/{event.id}"
    before = await house.store.read(lambda connection: kept.report(connection, key))
    if before is not None:
        return heard.transcript(before)
    text = house.redactor.redact(await _listen(house, event))
    report = heard.quote(text)
    where, at = event.conversation, house.clock.now()
    await house.store.write(lambda c: outbox.post(c, key, where, report, at=at))
    house.bus.wake(f"outbox {event.account.instance}")
    return text


async def _listen(house: House, event: Message) -> str:
    if house.ears is None:
        raise PermanentError(DEAF, "Type it instead.", reason="speech")
    notes = [file for file in event.files if file.voice]
    if len(notes) > 1:
        raise PermanentError(f"That are {len(notes)} voice notes.", "Send them one by one.")
    (note,) = notes
    _fits(house.ears, note.size, note.seconds)
    with house.leaving.may():
        async with house.ears.turns:
            return _usable(await _heard(house, event, note, house.ears))


async def _heard(house: House, event: Message, note: File, ears: Ears) -> str:
    sound = await fetch(house, event, note, ears.most, "Type it instead.")
    _fits(ears, len(sound), length_of(sound))
    return await ears.speech.transcribe(sound, note.name, note.media_type)


def _fits(ears: Ears, size: int | None, seconds: float | None) -> None:
    """Raises PermanentError for what is not listened to."""
    if size == 0:
        raise PermanentError("That voice note is empty.", "Record it again, or type it.")
    if size is not None and size > ears.most:
        what = f"That voice note has more than {ears.megabytes} MB."
        raise PermanentError(what, "Say it in a shorter one, or type it.", reason="size")
    if seconds is not None and seconds > ears.seconds:
        most = f"{ears.seconds / 60:.0f} minutes" if ears.seconds >= 120 else f"{ears.seconds} s"
        what = f"That voice note is longer than {most}."
        raise PermanentError(what, "Say it in a shorter one, or type it.", reason="length")


def _usable(text: str) -> str:
    """Raises PermanentError for silence, and for what is no request any more."""
    if not any(character.isalnum() for character in text):
        what = "I heard no words in that voice note."
        raise PermanentError(what, "Say it again, or type it.", reason="silence")
    if len(text) > LONGEST:
        what = f"That are {len(text)} characters, and I plan from {LONGEST} at most."
        raise PermanentError(what, "Say it in fewer words, or type it.", reason="words")
    return text
