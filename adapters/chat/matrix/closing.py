"""Rooms in which the bot can no longer write: what to say of them, and how people mend it. Used by `hearing` and `delivery`."""

from collections.abc import Iterable

from adapters.chat.matrix import translate
from adapters.chat.matrix.socket import Json, Socket, path
from bot.model.errors import PermanentError

_AGAIN = "Invite me again."


def left(events: Iterable[Json], user: str) -> str:
    """Why a room that a sync counts as left is closed to `user`; empty when the bot never was in it."""
    last: Json = {}
    for event in events:
        if event.get("type") == "m.room.member" and event.get("state_key") == user:
            last = event
    unsigned = last.get("unsigned")
    before = unsigned.get("prev_content") if isinstance(unsigned, dict) else None
    was = translate.text_of(before.get("membership")) if isinstance(before, dict) else ""
    if was in {"invite", "knock"}:
        return ""
    return _how(last, user)


def _how(event: Json, user: str) -> str:
    said = translate.content(event)
    sender = translate.text_of(event.get("sender"))
    reason = translate.text_of(said.get("reason"))[:200]
    because = f" ({reason})" if reason else ""
    if said.get("membership") == "ban":
        return f"{sender} banned me from the room{because}. Lift the ban and invite me again."
    if sender and sender != user:
        return f"{sender} removed me from the room{because}. {_AGAIN}"
    return f"I am no longer in the room. {_AGAIN}"


def upgraded(event: Json) -> str:
    """Where a room goes on, from its `m.room.tombstone`; empty when this is none."""
    if event.get("type") != "m.room.tombstone" or event.get("state_key") != "":
        return ""
    said = translate.content(event)
    if not said:
        return ""
    fresh = translate.text_of(said.get("replacement_room"))[:255]
    if not fresh:
        return "The room was closed. Ask me in another one."
    return f"The room was upgraded and goes on in {fresh}. Invite me there."


async def forbidden(socket: Socket, room: str, refused: PermanentError) -> PermanentError:
    """Why the server does not let the bot write in a room, as it says itself. Raises TemporaryError, PermanentError."""
    try:
        tombstone = await _state(socket, room, "m.room.tombstone", "")
        member = await _state(socket, room, "m.room.member", socket.user)
    except PermanentError as error:
        if error.reason != "M_FORBIDDEN":
            raise
        member = tombstone = {}
    why = upgraded({"type": "m.room.tombstone", "state_key": "", "content": tombstone})
    if why:
        what, _, mend = why.rpartition(". ")
        return PermanentError(f"{what}.", mend, reason=refused.reason)
    if member.get("membership") == "join":
        mend = f"Give {socket.user} the power level that messages need there."
        return PermanentError(
            "I may not write in the room: my power level is too low.", mend, reason=refused.reason
        )
    return PermanentError("I am not in the room any more.", _AGAIN, reason=refused.reason)


async def _state(socket: Socket, room: str, kind: str, key: str) -> Json:
    try:
        return await socket.request("GET", path("rooms", room, "state", kind, key))
    except PermanentError as error:
        if error.reason == "M_NOT_FOUND":
            return {}
        raise
