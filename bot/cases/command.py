"""The words that work without any planner: looking, stopping, voting by name. Called by the request and reply cases."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from approvals.people import holds
from approvals.policy import OPERATOR
from bot import words
from bot.cases import card, hold, say, typed, vote
from bot.cases.budget import models_today
from bot.cases.rooms import agents_in
from bot.cases.views import view
from bot.house import Effect, House
from bot.model import plans as plan_model
from bot.model.events import Message
from bot.model.ids import short
from bot.model.people import Conversation, Person
from bot.model.plans import Agent
from bot.model.reports import Report
from bot.model.sections import Section
from bot.recheck import STOP
from bot.report import listing, refusal
from bot.report.question import which_plan
from bot.report.view import PlanView
from bot.store import audit, inbox, locks, plans, posts, runs, switches
from bot.store.locks import Lock
from bot.store.plan_rows import Stored
from bot.store.posts import LATELY

NEWEST = 20
"""Plans, and rows of the audit log, in a list."""


async def handle(house: House, event: Message, person: Person, command: words.Command) -> Effect:
    """The effect of a command word in a mention."""
    match command:
        case words.Show(what="agents" | "capabilities"):
            report = _known(house, event, command)
            return _answer(house, event, lambda _: report)
        case words.Show(what="audit") if not holds(person, OPERATOR):
            return _whispered(house, event, f"The audit log is shown to an {OPERATOR} only.")
        case words.Show():
            return _answer(house, event, lambda c: _stored(c, house, event, command))
        case words.Ballot():
            return ballot(house, event, command)
        case words.Stop() | words.Resume() | words.Unlock():
            return lambda connection: _switch(connection, house, event, person, command)
        case _:
            return await typed.order(house, event, command)


def _answer(house: House, event: Message, report: Callable[[Connection], Report]) -> Effect:
    return lambda connection: say.reply(connection, event, report(connection), house.clock.now())


def _whispered(house: House, event: Message, sentence: str) -> Effect:
    return lambda connection: say.whisper(
        connection, event, event.conversation, sentence, house.clock.now()
    )


def _known(house: House, event: Message, command: words.Show) -> Report:
    """What needs no look into the store."""
    if command.what == "agents":
        return listing.agents_list(agents_in(house, event.conversation), house.roles)
    return listing.capabilities_list(_sections(house, event.conversation, command.query))


def _stored(connection: Connection, house: House, event: Message, command: words.Show) -> Report:
    """What is true in this very transaction."""
    match command.what:
        case "help":
            here = typed.that_apply(connection, house, event)
            return help_words(house, event.conversation, here)
        case "plans":
            newest = plans.in_state(connection, limit=NEWEST)
            shown = [_view(connection, house, stored) for stored in newest if not stored.quiet]
            return listing.plans_list(shown)
        case "audit":
            return listing.audit_list(audit.newest(connection, NEWEST), house.clock.now())
        case "approvals":
            waiting = plans.in_state(connection, "pending", "held")
            shown = [_view(connection, house, each) for each in waiting if each.undecided]
            return listing.approvals_list(shown)
        case _:
            return listing.status(_status(connection, house))


def _view(connection: Connection, house: House, stored: Stored) -> PlanView:
    return view(connection, stored, house.people, house.clock.now())


def _status(connection: Connection, house: House) -> listing.Status:
    def count(*states: plan_model.State) -> int:
        return plans.count(connection, *states)

    return listing.Status(
        now=house.clock.now(),
        since=house.started_at,
        pending=count("pending"),
        running=count("approved", "queued", "running", "rolling_back", "waiting"),
        in_doubt=count("in_doubt"),
        held=count("held"),
        stopped_by=switches.why(connection, STOP) or "",
        models=models_today(connection, house),
        connections=(*_connections(house), *_lost(connection, house.clock.now())),
    )


def _connections(house: House) -> list[tuple[str, str]]:
    """Each chat that was heard of, and what is true of it now."""
    return [
        (name, house.down.get(name) or house.stuck.get(name) or words)
        for name, words in house.health.items()
    ]


def _lost(connection: Connection, now: datetime) -> list[tuple[str, str]]:
    """What could not be delivered lately."""
    lost = posts.failed(connection, now - LATELY, newest=posts.NEWEST)
    if not lost:
        return []
    where = lost[-1].conversation
    words = f"{len(lost)} in {LATELY.days} days, the last one to {where.instance} {where.room}: {lost[-1].words}"
    return [("not delivered", words)]


def help_words(house: House, conversation: Conversation, here: str = "") -> Report:
    """What may be asked in this room, with an example each; `here` says what may be said to the plan of this thread."""
    agents = agents_in(house, conversation)
    sections = [each for each in _sections(house, conversation, "") if _able(agents, each)]
    return listing.help_card(house.name, sections, agents, here)


def _able(agents: tuple[Agent, ...], section: Section) -> bool:
    return any(section.pack in agent.packs and section.level <= agent.level for agent in agents)


def _sections(house: House, conversation: Conversation, query: str) -> list[Section]:
    agents = agents_in(house, conversation)
    # One agent's packs as they are: the search remembers what it found for the same tuple.
    packs = agents[0].packs if len(agents) == 1 else _packs(agents)
    if not query:
        return list(house.catalogue.sections(packs))
    hits = house.catalogue.search(query, packs=packs)
    return [section for hit in hits if (section := house.catalogue.section(hit.id)) is not None]


def _packs(agents: tuple[Agent, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(pack for agent in agents for pack in agent.packs))


def ballot(house: House, event: Message, given: words.Ballot) -> Effect:
    """`approve` or `reject`, on the thread's only pending card, or on the one that is named."""
    return lambda connection: _ballot(connection, house, event, given)


def _ballot(connection: Connection, house: House, event: Message, given: words.Ballot) -> None:
    here = card.talked_about(connection, event.conversation)
    pending = [stored for stored in here if stored.undecided]
    meant = [stored for stored in pending if stored.plan.id.endswith(given.short)]
    now = house.clock.now()
    if len(meant) == 1 and given.verdict == "approve" and _overtakes(connection, event):
        told = "Your `approve` did not count: what was said here before it is still being worked on and may change the plan. Look at the card that comes, then approve."
        say.whisper(connection, event, event.conversation, told, now)
    elif len(meant) == 1:
        way: vote.Way = "named" if given.short else "typed"
        vote.typed(connection, house, event, meant[0], given.verdict, way, given.reason)
    elif meant:
        report = which_plan(given.verdict, [stored.plan.id for stored in meant])
        say.reply(connection, event, report, now)
    elif given.short or event.addressed:
        name = f"Plan {given.short} does not wait" if given.short else "Nothing waits"
        say.whisper(
            connection,
            event,
            event.conversation,
            f"{name} for approval in this thread. `approvals` shows what does.",
            now,
        )


def _overtakes(connection: Connection, event: Message) -> bool:
    """Whether an earlier reply in the thread is not handled yet: votes have a lane of their own, and words that change
    the plan take as long as its Preview."""
    for each in inbox.waiting(connection):
        other = each.event
        if other.id == event.id and other.kind == event.kind:
            return False
        reply = isinstance(other, Message) and not other.addressed
        if reply and other.conversation == event.conversation:
            return True
    return False


def _released(connection: Connection, house: House, event: Message, command: words.Resume) -> bool:
    """Whether `resume` was about a plan that somebody holds; a stop of everything goes first."""
    if switches.why(connection, STOP) and not command.short:
        return False
    held = typed.held(connection, event, command.short)
    if held is not None:
        hold.release(connection, house, event, held)
    return held is not None


def _switch(
    connection: Connection,
    house: House,
    event: Message,
    person: Person,
    command: words.Stop | words.Resume | words.Unlock,
) -> None:
    """Anybody known may stop everything; going on, and freeing a target, is for operators."""
    if isinstance(command, words.Resume) and _released(connection, house, event, command):
        return
    now = house.clock.now()
    if not isinstance(command, words.Stop) and not holds(person, OPERATOR):
        say.whisper(
            connection,
            event,
            event.conversation,
            f"That did not count: it needs an {OPERATOR}.",
            now,
        )
        return
    match command:
        case words.Stop(reason=reason):
            switches.turn_on(connection, STOP, person.name, reason, now)
            told = "Stopped: nothing new is run until somebody says `resume`. What runs already goes on; 🛑 on its card ends it."
        case words.Resume():
            told = "Going on." if switches.turn_off(connection, STOP) else "Nothing was stopped."
            _release(connection)
        case words.Unlock():
            told = _unlock(connection, house, command)
    audit.record(
        connection,
        type(command).__name__.casefold(),
        at=now,
        person=person.name,
        account=event.account,
        text=house.redactor.redact(event.text),
    )
    say.reply(connection, event, refusal.note(told), now)


def _release(connection: Connection) -> None:
    """Runs that the stop has held are looked at again, as is every other that nobody works on."""
    for run in runs.unfinished(connection):
        row = runs.row(connection, run)
        if not row.owner:
            runs.drop(connection, run, row.words)


def _unlock(connection: Connection, house: House, command: words.Unlock) -> str:
    if not command.reason:
        return f"Say why: `unlock {command.target}: REASON`."
    meant = {
        agent.target for agent in house.agents if command.target in {agent.name, *agent.aliases}
    }
    found = [
        held
        for held in locks.held(connection)
        if held.target == command.target or _is_of(connection, held, meant)
    ]
    if not found:
        return f"Nothing holds {command.target}."
    lock = found[0]
    name = short(lock.plan)
    if runs.row(connection, lock.run).owner:
        return f"Plan {name} is at work on {command.target}; cancel it first."
    for held in found:
        locks.unlock(connection, held.target)
    return f"{command.target} is free; plan {name} had it."


def _is_of(connection: Connection, lock: Lock, urls: set[str]) -> bool:
    """Whether the lock is on the target of one of these agents."""
    run = runs.row(connection, lock.run)
    steps = plans.load(connection, run.plan, run.revision).steps
    return any(step.identity == lock.target and step.agent.target in urls for step in steps)
