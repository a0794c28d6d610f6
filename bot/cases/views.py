"""A stored plan with everything that its card shows. Called inside read and write transactions by cases, publisher and commands."""

from datetime import datetime

from sqlalchemy import Connection

from approvals import gate
from approvals.people import People
from bot.model.approvals import Pending
from bot.report.view import PlanView
from bot.store import runs, votes
from bot.store.plan_rows import Stored


def view(connection: Connection, stored: Stored, people: People, now: datetime) -> PlanView:
    """`needed` is only there while the plan is pending."""
    standing = votes.standing(connection, stored.digest)
    decision = gate.decide(stored.request, standing, people, now)
    waits = stored.state == "pending" and isinstance(decision, Pending)
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
        run=runs.of_plan(connection, stored.plan.id, stored.plan.revision),
        superseded_by=stored.superseded_by,
        decided_by=stored.decided_by,
    )
