"""A person's own page: what waits for them, what runs, who can do things. Called by `bot.cases.home`; laid out by chats that have
a place for it."""

from collections.abc import Sequence

from bot.model.plans import Agent
from bot.model.reports import Line, Page
from bot.report.listing import agent_line, waiting_line
from bot.report.plan import reference, title
from bot.report.safe import plain
from bot.report.view import PlanView

Shown = tuple[PlanView, str | None]
"""A plan, and the platform reference of its card where it has one there."""


def page(waiting: Sequence[Shown], running: Sequence[Shown], agents: Sequence[Agent]) -> Page:
    """`waiting` are the plans that this person may approve and has not yet."""
    approvals = [Line(waiting_line(view), card) for view, card in waiting]
    plans = [Line(_running(view), card) for view, card in running]
    able = [Line(agent_line(agent)) for agent in agents]
    return Page(
        (
            ("Waiting for your approval", _or(approvals, "Nothing waits for your approval.")),
            ("Running", _or(plans, "Nothing runs.")),
            ("Agents", _or(able, "There are no agents.")),
        )
    )


def stranger(why: str) -> Page:
    """For an account that nobody knows: how it is added."""
    return Page((("", (Line(plain(why)),)),))


def _running(view: PlanView) -> str:
    return f"{reference(view.plan.id)} {view.state} · {title(view.plan)} · for {view.requester}"


def _or(lines: list[Line], otherwise: str) -> tuple[Line, ...]:
    return tuple(lines) or (Line(otherwise),)
