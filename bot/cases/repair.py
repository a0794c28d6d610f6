"""A failed plan, and a model's proposal how to mend it: a new plan with a card and an approval of its own. Called by `bot.loops.work` after
each run.

What a machine said is shown to the model as data. It fills no slot, since nobody said it, and nothing that comes of it runs
before people have approved it.
"""

import logging
from datetime import timedelta

from msgspec.structs import replace
from sqlalchemy import Connection

from bot.cases.compose import Composed, Origin, compose
from bot.cases.keep import keep
from bot.cases.pursue import summary, with_others
from bot.cases.renew import drafts
from bot.cases.rooms import agents_in
from bot.cases.think import remember, think
from bot.cases.views import view
from bot.cases.wish import Talk
from bot.house import House
from bot.model import plans as plan_model
from bot.model.approvals import Follow
from bot.model.ids import new_id, short
from bot.model.llm import Said
from bot.model.plans import Draft, Plan
from bot.model.ports import Idea, Request, Wanted
from bot.model.sections import Refusal, Risk
from bot.report import refusal
from bot.report.outcome import failed_attempt, failure
from bot.store import audit, follows, outbox, plans
from bot.store.plan_rows import Stored

MOST = 3
"""Repairs of one wish. Then people think."""
LATELY = timedelta(minutes=10)
"""A failure that is older than this is nobody's surprise any more."""
SHOWN = 2_000
"""Characters of an output that a model is shown: its end."""
_FAILED: tuple[plan_model.State, ...] = ("failed", "rolled_back")
log = logging.getLogger(__name__)


async def wanted(house: House) -> list[Stored]:
    """Plans that have failed lately and that nobody has followed up."""
    if house.models is None:
        return []
    since = house.clock.now() - LATELY
    found = await house.store.read(
        lambda connection: plans.in_state(connection, *_FAILED, limit=20)
    )
    fit = [
        each
        for each in found
        if each.changed_at >= since and each.superseded_by is None and _can_be_mended(each)
    ]
    return await house.store.read(lambda connection: [x for x in fit if _is_open(connection, x)])


def _can_be_mended(stored: Stored) -> bool:
    return not (stored.quiet or stored.plan.undoes or stored.plan.risk is Risk.READ)


def _is_open(connection: Connection, stored: Stored) -> bool:
    return follows.newest(connection, stored.plan.id, stored.plan.revision) is None


async def propose(house: House, stored: Stored) -> None:
    """The next plan, pending, where a model knows one. Raises ParleyError where a target cannot be reached."""
    before = await house.store.read(lambda c: follows.ancestors(c, stored.plan.id, "repair"))
    if before >= MOST:
        await house.store.write(lambda connection: _given_up(connection, house, stored))
        return
    talk = Talk(stored.plan.conversation, stored.plan.requesters, stored.plan.request)
    idea = await _idea(house, talk, stored)
    composed = await _composed(house, stored, idea, before + 1)
    if isinstance(composed, Refusal):
        log.info("plan %s: no repair: %s", short(stored.plan.id), composed.why)
        return
    await house.store.write(lambda c: _keep(c, house, talk, stored, composed, idea))


async def _idea(house: House, talk: Talk, stored: Stored) -> Idea:
    seen = await house.store.read(lambda c: view(c, stored, house.people, house.clock.now()))
    attempt = failed_attempt(seen)
    output = attempt.output[-SHOWN:] if attempt else ""
    said = house.redactor.redact(f"{failure(seen)}\n{output}".strip())
    done = Said("assistant", summary(stored.plan))
    request = Request(
        stored.plan.request,
        agents_in(house, stored.plan.conversation),
        turns=(done,),
        failure=said,
    )
    return await think(house, talk, request)


async def _composed(house: House, stored: Stored, idea: Idea, number: int) -> Composed | Refusal:
    """Raises TemporaryError where a target cannot be reached."""
    if not isinstance(idea, Wanted) or not idea.thought.provider:
        return Refusal("none", "no model knows one.")
    if _same(idea.drafts, drafts(stored.plan)):
        return Refusal("same", "it would be the same again.")
    plan = stored.plan
    request = f"{_without_count(plan)} (repair {number} of {MOST})"
    people = with_others(idea.thought, plan.requesters)
    origin = Origin(new_id(house.clock.now()), 1, request, people, plan.conversation, plan.spoken)
    composed = await compose(house, idea.drafts, origin)
    if isinstance(composed, Composed) and composed.automatic:
        return Refusal("automatic", "nobody would be asked about it.")
    return composed


def _same(drafted: tuple[Draft, ...], before: tuple[Draft, ...]) -> bool:
    """Whatever the steps are called."""
    bare = [
        [replace(each, id="", needs=(), outputs={}) for each in found]
        for found in (drafted, before)
    ]
    return bare[0] == bare[1]


def _without_count(plan: Plan) -> str:
    words, _, last = plan.request.rpartition(" (repair ")
    return words if words and last.endswith(f" of {MOST})") else plan.request


def _keep(
    connection: Connection, house: House, talk: Talk, stored: Stored, composed: Composed, idea: Idea
) -> None:
    """As everything is in this transaction: somebody may have pressed 🔁 or ↩️ meanwhile."""
    if not _is_open(connection, stored):
        return
    keep(connection, house, composed, stored.account)
    plan, now = composed.plan, house.clock.now()
    follow = Follow("repair", plan.id, "", now)
    follows.add(connection, stored.plan.id, stored.plan.revision, follow)
    plans.touch(connection, stored.plan.id)
    remember(connection, house, talk, idea.thought, summary(plan), plan.id)
    data = {"next": plan.id}
    audit.record(connection, "repair proposed", at=now, subject=stored.plan.id, data=data)


def _given_up(connection: Connection, house: House, stored: Stored) -> None:
    """Said once."""
    tried = follows.line(connection, stored.plan.id, "repair")
    names = ", ".join(f"`{short(each)}`" for each in tried)
    words = f"I have proposed {MOST} repairs of this and each failed: plans {names}. I propose no more; look at their results."
    key = f"repair/{stored.plan.id}"
    if not outbox.known(connection, key):
        now = house.clock.now()
        outbox.post(connection, key, stored.plan.conversation, refusal.refusal(words), at=now)
