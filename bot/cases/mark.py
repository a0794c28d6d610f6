"""👀 on a card says who looks at it; 👍 and 👎 on a result, an answer or a finished card say what it was worth. Nothing is run by
either. Called by the press case."""

from sqlalchemy import Connection

from approvals import gate
from bot.cases.entitled import entitled, recorded, told
from bot.cases.hold import Way
from bot.house import House
from bot.model import plans as plan_model
from bot.model.approvals import Mark, MarkKind, MarkWord
from bot.model.events import Event
from bot.model.ids import short
from bot.store import marks, plans
from bot.store.plan_rows import Stored

_PUT = {"claim": "plan claimed", "rating": "rated"}
_OFF = {"claim": "claim ended", "rating": "rating withdrawn"}


def claim(connection: Connection, house: House, event: Event, stored: Stored, way: Way) -> None:
    """Somebody known looks at it; on a card that has ended it means nothing."""
    if stored.state in plan_model.ENDS:
        return
    person = entitled(connection, house, event, stored, "claim", gate.may_look)
    if person is not None:
        mark = Mark("claim", person.name, event.account, house.clock.now(), way)
        _put(connection, house, event, stored, mark)


def rate(
    connection: Connection, house: House, event: Event, stored: Stored, word: MarkWord, way: Way
) -> None:
    """Somebody known rates what came of it: the last word of each person stands. The same button again takes it back."""
    person = entitled(connection, house, event, stored, word, gate.may_look)
    if person is None:
        return
    if stored.state not in plan_model.ENDS or stored.state == "superseded":
        name = f"plan {short(stored.plan.id)}"
        words = f"👍 and 👎 rate a result, and {name} has none yet. ✅ approves it, ❌ rejects it."
        told(connection, house, event, stored, words)
        return
    mark = Mark("rating", person.name, event.account, house.clock.now(), way, word)
    if not _put(connection, house, event, stored, mark) and way == "click":
        _take_off(connection, house, event, stored, "rating", person.name, word)


def _put(connection: Connection, house: House, event: Event, stored: Stored, mark: Mark) -> bool:
    if not marks.put(connection, stored.plan.id, stored.plan.revision, mark):
        return False
    plans.touch(connection, stored.plan.id)
    data = {"word": mark.word} if mark.word else {}
    recorded(connection, house, event, stored, _PUT[mark.kind], data)
    return True


def taken_off(
    connection: Connection,
    house: House,
    event: Event,
    stored: Stored,
    kind: MarkKind,
    word: MarkWord = "",
) -> None:
    """The reaction is gone, and what it said with it."""
    person = house.people.who(event.account)
    if person is not None:
        _take_off(connection, house, event, stored, kind, person.name, word)


def _take_off(
    connection: Connection,
    house: House,
    event: Event,
    stored: Stored,
    kind: MarkKind,
    person: str,
    word: MarkWord,
) -> None:
    plan, now = stored.plan, house.clock.now()
    if marks.take_off(connection, plan.id, plan.revision, kind, person, word=word, at=now):
        plans.touch(connection, plan.id)
        recorded(connection, house, event, stored, _OFF[kind])
