"""What is answered without any planner: help, status, and the lists of plans, approvals, agents and capabilities."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import zip_longest

from msgspec import Struct

from bot.model.ids import short
from bot.model.plans import Agent
from bot.model.reports import Attachment, Paragraph, Report
from bot.model.roles import Role
from bot.model.sections import Section
from bot.report.actions import capability
from bot.report.plan import reference, title
from bot.report.safe import line, span
from bot.report.times import clock, duration
from bot.report.view import PlanView
from bot.store.audit import Entry

_OURS = re.compile(r"[0-9a-f]{32}")
MOST = 10
"""Lines shown; the rest is in a file."""


class Status(Struct, frozen=True):
    """What is true of the bot now. `models` are lines about them, `connections` are (instance,
    "connected" or what is wrong)."""

    now: datetime
    since: datetime
    pending: int = 0
    running: int = 0
    in_doubt: int = 0
    held: int = 0
    stopped_by: str = ""
    models: tuple[str, ...] = ()
    connections: tuple[tuple[str, str], ...] = ()


def help_card(
    bot: str, sections: Sequence[Section], agents: Sequence[Agent], here: str = ""
) -> Report:
    """What this person may do here, with one real example a line. `sections` and `agents` are those allowed; `here` is about
    the plan of this thread."""
    lines = [_example(bot, section, agents) for section in _mixed(sections)]
    if not lines:
        return _list(
            "You may do nothing here yet.", [], "Ask an operator to add you to [[people]]."
        )
    also = "Also: status · plans · approvals · agents · capabilities · audit · help."
    return _list("You can ask, for example:", lines, f"{here}\n{also}" if here else also)


def _example(bot: str, section: Section, agents: Sequence[Agent]) -> str:
    words = section.examples[0] if section.examples else capability(section).partition(": ")[2]
    able = [agent.name for agent in agents if section.pack in agent.packs]
    if able and able[0] not in words.split():
        plain = words.rstrip("?!.")
        words = f"{plain} on {able[0]}{words[len(plain) :]}"
    return f"{span(f'@{bot} {words}')} {section.risk}"


def _mixed(sections: Sequence[Section]) -> list[Section]:
    """One of each pack in turn, so that the first lines show what there is."""
    packs: dict[str, list[Section]] = {}
    for section in sections:
        packs.setdefault(section.pack, []).append(section)
    rounds = zip_longest(*packs.values())
    return [section for each in rounds for section in each if section is not None]


def status(now: Status) -> Report:
    """Up since when, what is open, what is connected."""
    counts = f"{now.pending} waiting for approval · {now.running} running · {now.in_doubt} in doubt"
    counts += f" · {now.held} held" if now.held else ""
    up: timedelta = now.now - now.since
    lines = [f"{line(name)}: {line(state)}" for name, state in now.connections]
    lines += now.models
    if now.stopped_by:
        lines.insert(0, f"Stopped by {line(now.stopped_by)}: nothing new is run.")
    return _list(f"Up for {duration(up)}. {counts}.", lines)


def plans_list(views: Sequence[PlanView]) -> Report:
    """The newest plans, their state, what they do."""
    lines = [
        f"{reference(view.plan.id)} {view.state} · {title(view.plan)} · for {view.requester}"
        for view in views
    ]
    return _list("Plans:" if lines else "There are no plans.", lines)


def approvals_list(views: Sequence[PlanView]) -> Report:
    """What waits for somebody's vote, what it needs, and until when."""
    lines = [waiting_line(view) for view in views]
    return _list("Waiting for approval:" if lines else "Nothing waits for approval.", lines)


def waiting_line(view: PlanView) -> str:
    needs = "; ".join(line(each) for each in view.needed)
    until = f" · expires {clock(view.expires_at, view.now)}" if view.expires_at else ""
    return f"{reference(view.plan.id)} {view.plan.risk} · {title(view.plan)} · needs {needs}{until}"


def agents_list(agents: Sequence[Agent], roles: Sequence[Role] = ()) -> Report:
    """Who can do things here: names, roles, level, packs."""
    of = {name: role.name for role in roles for name in role.agents}
    lines = [agent_line(agent, of.get(agent.name, "")) for agent in agents]
    return _list("Agents:" if lines else "There are no agents here.", lines)


def agent_line(agent: Agent, role: str = "") -> str:
    also = f" (also {', '.join(line(alias) for alias in agent.aliases)})" if agent.aliases else ""
    packs = ", ".join(line(pack) for pack in agent.packs) or "no packs"
    what = f" · {line(role)}" if role else ""
    return f"{span(agent.name)}{also}{what} · level {agent.level} · {packs}"


def capabilities_list(sections: Sequence[Section]) -> Report:
    """What can be asked for, with its risk."""
    lines = [f"{capability(section)} · {section.risk}" for section in sections]
    return _list("Capabilities:" if lines else "There are no capabilities here.", lines)


def audit_list(entries: Sequence[Entry], now: datetime) -> Report:
    """Who did what lately, newest first."""
    lines = [_entry(each, now) for each in entries]
    after = "All of it, with its seals: `parley audit verify` and `parley audit export`."
    return _list("Done lately:" if lines else "Nothing was done yet.", lines, after)


def _entry(entry: Entry, now: datetime) -> str:
    who = f" · {line(entry.person)}" if entry.person else ""
    subject = short(entry.subject) if _OURS.fullmatch(entry.subject) else line(entry.subject, 40)
    about = f" · {span(subject)}" if subject else ""
    return f"{clock(entry.at, now)} · {line(entry.what)}{who}{about}"


def _list(head: str, lines: Sequence[str], after: str = "") -> Report:
    rest = len(lines) - MOST
    shown = [Paragraph(head, "strong"), *(Paragraph(each) for each in lines[:MOST])]
    files: tuple[Attachment, ...] = ()
    if rest > 0:
        shown.append(Paragraph(f"{rest} more in list.txt.", "faint"))
        files = (Attachment("list.txt", "\n".join(lines)),)
    if after:
        shown.append(Paragraph(after, "faint"))
    return Report("answer", tuple(shown), attachments=files)
