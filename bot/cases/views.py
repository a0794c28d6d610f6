"""A stored plan with everything that its card shows. Called inside read and write transactions by cases, publisher and commands."""

from datetime import datetime

from sqlalchemy import Connection

from approvals import gate
from approvals.people import People
from bot.execution.work import beyond_undoing, left_behind
from bot.model import plans as plan_model
from bot.model.approvals import Follow, Pending
from bot.model.runs import Run
from bot.report.view import PlanView
from bot.store import follows, marks, runs, spending, votes
from bot.store.plan_rows import Stored


def view(connection: Connection, stored: Stored, people: People, now: datetime) -> PlanView:
    """`needed` is only there while the plan is pending."""
    standing = votes.standing(connection, stored.digest)
    decision = gate.decide(stored.request, standing, people, now)
    waits = stored.undecided and isinstance(decision, Pending)
    plan, revision = stored.plan.id, stored.plan.revision
    run = runs.of_plan(connection, stored.plan)
    ended = stored.state in plan_model.ENDS
    follow = follows.newest(connection, plan, revision) if ended else None
    asked = people.who(stored.account)
    return PlanView(
        plan=stored.plan,
        digest=stored.digest,
        state=stored.state,
        now=now,
        words=stored.words,
        votes=tuple(standing),
        needed=decision.needed if waits and isinstance(decision, Pending) else (),
        expires_at=stored.request.expires_at,
        approval_state=stored.approval,
        looks={step: look.text for step, look in stored.looks.items()},
        run=run,
        superseded_by=stored.superseded_by,
        decided_by=stored.decided_by,
        marks=marks.standing(connection, plan, revision),
        follow=follow,
        left=_can_be_undone(connection, stored, run, follow),
        spent=spending.Sum() if stored.quiet else spending.of_plan(connection, plan),
        asked_by=asked.name if asked else "",
    )


def _can_be_undone(
    connection: Connection, stored: Stored, run: Run | None, follow: Follow | None
) -> bool:
    if run is None or stored.plan.undoes or stored.state not in plan_model.UNDONE_LATER:
        return False
    # Only what grew out of it can have undone it: most plans are not looked at twice.
    done = runs.attempts_with_undoing(connection, run.id) if follow else run.attempts
    left = left_behind(stored.plan, done)
    return bool(left) and not beyond_undoing(left)
