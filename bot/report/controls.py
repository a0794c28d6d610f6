"""What can be pressed on a card in each of its states, and what its last lines say: who looks, who holds, what it was worth, what
grew out of it. Used by `plan`; the same words work in the thread.

Only ✅ and ❌ are seeded by the bot as reactions; every other control is a button where there are buttons, and is shown
as emoji and word everywhere.
"""

from collections.abc import Callable, Mapping

from bot.model import plans
from bot.model.ids import short
from bot.model.reports import Control, Paragraph
from bot.report import cost
from bot.report.safe import line, plain, span
from bot.report.view import PlanView, marked, names

APPROVE, REJECT = Control("approve", "✅", "approve"), Control("reject", "❌", "reject")
CANCEL = Control("cancel", "🛑", "cancel")
HOLD, RESUME = Control("hold", "⏸️", "hold"), Control("resume", "▶️", "resume")
UNDO = Control("undo", "↩️", "roll back")
AGAIN, ASK_AGAIN = Control("retry", "🔁", "try again"), Control("retry", "🔁", "ask again")
RATE = (Control("good", "👍", "good"), Control("bad", "👎", "bad"))

VOTES = (APPROVE, REJECT)
_BY_STATE: Mapping[plans.State, Callable[[PlanView], tuple[Control, ...]]] = {
    "pending": lambda _: VOTES,
    "approved": lambda _: (CANCEL,),
    "queued": lambda _: (CANCEL, HOLD),
    "held": lambda view: (*(VOTES if view.approval_state == "pending" else ()), RESUME, CANCEL),
    "running": lambda view: () if view.plan.undoes else _running(view),
    "waiting": lambda _: (CANCEL,),
    "done": lambda view: (*_undo(view), *RATE),
    "failed": lambda view: (*_undo(view), AGAIN, *RATE),
    "rolled_back": lambda view: (AGAIN, *RATE) if fell_short(view) else RATE,
    "cancelled": lambda view: _undo(view),
    "expired": lambda _: (ASK_AGAIN,),
    "stale": lambda view: () if view.superseded_by else (ASK_AGAIN,),
}
"""A state without an entry has none; in doubt, the question has the words."""


def controls(view: PlanView) -> tuple[Control, ...]:
    """The controls of a card as it is now."""
    found = _BY_STATE.get(view.state)
    return found(view) if found else ()


def _running(view: PlanView) -> tuple[Control, ...]:
    return (RESUME, CANCEL) if marked(view, "hold") else (CANCEL,)


def _undo(view: PlanView) -> tuple[Control, ...]:
    return (UNDO,) if view.left and not view.plan.undoes else ()


def fell_short(view: PlanView) -> bool:
    """Whether it was rolled back because it failed, and not later because somebody wanted that."""
    return view.run is None or view.run.state not in plans.UNDONE_LATER


def last_lines(view: PlanView) -> list[Paragraph]:
    """What people have put on the card, and what models have cost, a line each."""
    ended = view.state in plans.ENDS
    own = [_rated(view), _followed(view)] if ended else [_stopping(view), _looked_at(view)]
    lines = [*own, cost.of_plan(view.spent), plain(view.spent.note)]
    return [Paragraph(each, "faint") for each in lines if each]


def _looked_at(view: PlanView) -> str:
    looking = marked(view, "claim")
    verb = "looks" if len(looking) == 1 else "look"
    return f"👀 {names(looking)} {verb} at it" if looking else ""


def _stopping(view: PlanView) -> str:
    """While the command before the hold is still at work."""
    holding = marked(view, "hold")
    if not holding or view.state == "held":
        return ""
    return f"⏸ held by {names(holding)}: nothing further is begun"


def _rated(view: PlanView) -> str:
    words = [each.word for each in marked(view, "rating")]
    counts = (("👍", words.count("good")), ("👎", words.count("bad")))
    return " ".join(f"{emoji} {count}" for emoji, count in counts if count)


def _followed(view: PlanView) -> str:
    if view.follow is None or (view.state == "rolled_back" and not fell_short(view)):
        return ""
    if view.follow.kind == "repair":
        return f"A repair is proposed: plan {span(short(view.follow.plan))}"
    what = "asked to roll it back" if view.follow.kind == "undo" else "asked again"
    return f"{line(view.follow.person)} {what}: plan {span(short(view.follow.plan))}"
