"""Controls that are no votes: 👀 ⏸ ▶ 🛑 ↩️ 🔁 👍 👎 as reactions, and as the buttons of the same meaning. Called by the vote case.

What a reaction or a button is on is found by the message's reference, never by the room: one plan may have several cards.
"""

from typing import Literal

from msgspec import Struct
from sqlalchemy import Connection

from bot.cases import again, cancel, card, hold, mark, say, undo
from bot.house import Effect, House, nothing
from bot.model.approvals import MarkWord
from bot.model.events import Click, Reaction
from bot.model.people import Conversation
from bot.store import outbox, runs
from bot.store.outbox import Posted
from bot.store.plan_rows import Stored

Action = Literal["cancel", "claim", "hold", "resume", "undo", "retry", "good", "bad"]

EMOJI: dict[str, Action] = {
    "🛑": "cancel",
    "👀": "claim",
    "⏸": "hold",
    "▶": "resume",
    "↩": "undo",
    "🔁": "retry",
    "👍": "good",
    "👎": "bad",
}
SIGNS: dict[str, str] = {action: emoji for emoji, action in EMOJI.items()}
CLICKS: dict[str, Action] = {action: action for action in EMOJI.values()}
_ORDERS = frozenset({"cancel", "hold", "resume", "undo", "retry"})
"""What somebody who presses it expects to change something: it is answered also where it can mean nothing."""
_MISPLACED = "That changed nothing: it counts on a plan's card or its result, and this is neither."


class Place(Struct, frozen=True):
    """One of the bot's own messages: the `plan` (`ID:REVISION`) or the `question` that it is about, "" for none. Votes count
    only on a card."""

    where: Conversation
    plan: str = ""
    question: str = ""
    is_card: bool = False


def bare(emoji: str) -> str:
    """Without the mark that asks for a colourful picture."""
    return emoji.replace("\ufe0f", "")


def find(connection: Connection, event: Reaction | Click) -> Place | None:
    """What the message is about; None for somebody else's."""
    posted = outbox.by_reference(connection, event.account.instance, event.message)
    return None if posted is None else _place(connection, posted)


def _place(connection: Connection, posted: Posted) -> Place:
    kind, _, name = posted.subject.partition(":")
    if kind == "plan":
        return Place(posted.conversation, plan=name, is_card=True)
    if kind == "question":
        return Place(posted.conversation, question=name)
    return Place(posted.conversation, plan=_told_of(connection, posted.key))


def _told_of(connection: Connection, key: str) -> str:
    """The plan whose result or answer a post with this key is."""
    kind, _, name = key.partition("/")
    if kind == "answer":
        return name.replace("/", ":")
    if kind == "result":
        run = runs.row(connection, name)
        return f"{run.plan}:{run.revision}"
    return ""


async def put(house: House, event: Reaction | Click, place: Place, action: Action) -> Effect:
    """Somebody put it there, or pressed it."""
    if not place.plan:
        return _misplaced(house, event, place) if action in _ORDERS else nothing
    stored = await house.store.read(lambda connection: _stored(connection, place))
    if action == "cancel":
        return await cancel.cancel(house, event, stored)
    if action == "retry":
        return await again.again(house, event, stored)
    return lambda connection: _put(connection, house, event, _stored(connection, place), action)


def taken_off(house: House, event: Reaction, place: Place, action: Action) -> Effect:
    """A reaction is gone. What was asked for by one stays asked for."""
    if not place.plan:
        return nothing

    def effect(connection: Connection) -> None:
        stored = _stored(connection, place)
        match action:
            case "hold":
                hold.taken_off(connection, house, event, stored)
            case "claim":
                mark.taken_off(connection, house, event, stored, "claim")
            case "good" | "bad":
                mark.taken_off(connection, house, event, stored, "rating", action)
            case _:
                pass

    return effect


def _stored(connection: Connection, place: Place) -> Stored:
    return card.named(connection, f"plan:{place.plan}")


def _put(
    connection: Connection, house: House, event: Reaction | Click, stored: Stored, action: Action
) -> None:
    way: hold.Way = "reaction" if isinstance(event, Reaction) else "click"
    match action:
        case "hold":
            hold.hold(connection, house, event, stored, way)
        case "resume":
            hold.release(connection, house, event, stored)
        case "undo":
            undo.undo(connection, house, event, stored)
        case "claim":
            mark.claim(connection, house, event, stored, way)
        case "good" | "bad":
            word: MarkWord = action
            mark.rate(connection, house, event, stored, word, way)
        case "cancel" | "retry":  # `put` has sent them elsewhere
            pass


def _misplaced(house: House, event: Reaction | Click, place: Place) -> Effect:
    now = house.clock.now()
    return lambda connection: say.whisper(connection, event, place.where, _MISPLACED, now)
