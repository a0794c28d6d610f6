"""The plan's card in each of its states, as cards.md shows them. Called by `bot.loops.publish` at every change; a pure function."""

from collections.abc import Callable, Mapping

from bot.model import plans
from bot.model.ids import short
from bot.model.plans import Plan
from bot.model.reports import Attachment, Paragraph, Report, Tone
from bot.report import steps, undoing
from bot.report.controls import controls, fell_short, last_lines
from bot.report.data import plan_data
from bot.report.opened import legible
from bot.report.outcome import failure, left, output_files, proofs, restored, so_far
from bot.report.safe import line, plain, span
from bot.report.times import clock
from bot.report.view import PlanView as PlanView
from bot.report.view import approved, marked, names, passed

TONES: Mapping[plans.State, Tone] = {
    "pending": "grey",
    "approved": "blue",
    "queued": "blue",
    "held": "amber",
    "running": "blue",
    "in_doubt": "amber",
    "waiting": "amber",
    "done": "green",
    "failed": "red",
    "rolling_back": "red",
    "rolled_back": "red",
    "rejected": "grey",
    "expired": "grey",
    "superseded": "grey",
    "cancelled": "grey",
    "stale": "amber",
}

_BAR = 10


def plan_card(view: PlanView) -> Report:
    """The card of this revision as it is now. At an end it has no votes."""
    shown = legible(view)
    return Report(
        "plan",
        (*_trimmed(_CARDS[view.state](shown)), *last_lines(view)),
        TONES[view.state],
        controls(view),
        attachments=_attachments(shown),
        data={"plan": plan_data(view)},
    )


def _trimmed(paragraphs: list[Paragraph]) -> list[Paragraph]:
    while paragraphs and not paragraphs[-1].text:
        paragraphs = paragraphs[:-1]
    return paragraphs


def title(plan: Plan) -> str:
    """The request as a title: one line, its first letter a capital."""
    words = line(plan.request, 200)
    return words[:1].upper() + words[1:]


def _attachments(view: PlanView) -> tuple[Attachment, ...]:
    if view.state in {"pending", "approved", "queued", "held"}:
        return steps.attachments(view)
    return output_files(view) if view.state in {"failed", "rolled_back"} else ()


def _head(*parts: str) -> Paragraph:
    return Paragraph(" · ".join(part for part in parts if part), "heading")


def _why(view: PlanView, otherwise: str = "") -> list[Paragraph]:
    words = plain(view.words or (view.run.words if view.run else "")) or otherwise
    return [Paragraph(words)] if words else []


def _pending(view: PlanView) -> list[Paragraph]:
    revision = f"revision {view.plan.revision}" if view.plan.revision > 1 else ""
    head = _head(view.name, revision, str(view.plan.risk), _for(view))
    change = [] if view.plan.undoes else [Paragraph("reply to change it", "faint")]
    return [*_body(view, head), _asked(view), *change]


def _for(view: PlanView) -> str:
    spoken = ", by voice" if view.plan.spoken else ""
    return f"for {', '.join(line(name) for name in view.plan.requesters)}{spoken}"


def _asked(view: PlanView) -> Paragraph:
    """Who has approved, what is still needed, until when."""
    needs = [f"Needs {plain(each).rstrip('.')}." for each in view.needed]
    expires = [f"Expires {clock(view.expires_at, view.now)}."] if view.expires_at else []
    voted = [f"{line(vote.person)} approves." for vote in view.votes if vote.verdict == "approve"]
    return Paragraph(" ".join([*voted, *needs, *expires]))


def _body(view: PlanView, head: Paragraph) -> list[Paragraph]:
    blank = Paragraph("")
    shown = [head, Paragraph(title(view.plan), "strong"), blank, *steps.paragraphs(view), blank]
    return [*shown, *steps.looks(view)]


def _approved(view: PlanView) -> list[Paragraph]:
    return [*_body(view, _head(view.name, approved(view))), *_why(view)]


def _queued(view: PlanView) -> list[Paragraph]:
    agents = ", ".join(view.plan.agents)
    waits = f"Another plan has {agents}; this one is next after it."
    return [*_body(view, _head(view.name, approved(view), "queued")), *_why(view, waits)]


def _held(view: PlanView) -> list[Paragraph]:
    holding = marked(view, "hold")
    held = f"held by {names(holding)} {clock(holding[0].at, view.now)}" if holding else "held"
    if view.approval_state == "pending":
        head = _head(view.name, str(view.plan.risk), _for(view), held)
        return [*_body(view, head), _asked(view)]
    head = _head(view.name, approved(view), held, _count(view))
    if view.run is not None:
        return [head, *_progress(view)]
    expires = f"Expires {clock(view.expires_at, view.now)}." if view.expires_at else ""
    return [*_body(view, head), *([Paragraph(expires)] if expires else [])]


def _running(view: PlanView) -> list[Paragraph]:
    word = "rolling back" if view.plan.undoes else "running"
    count = f"{word} {_count(view)}".rstrip()
    return [_head(view.name, approved(view), count, passed(view)), *_progress(view)]


def _count(view: PlanView) -> str:
    return f"{view.run.finished}/{view.run.total}" if view.run and view.run.total else ""


def _progress(view: PlanView) -> list[Paragraph]:
    """The bar, and the command that is or was at work."""
    run = view.run
    if run is None:
        return []
    drawn = f"{bar(run.finished, run.total)}  {line(run.doing, 200)}".rstrip()
    return [Paragraph(drawn, "code")]


def bar(finished: int, total: int) -> str:
    """`▓▓▓▓▓▓░░░░`: full only when everything is done."""
    full = min(_BAR, _BAR * finished // total) if total > 0 else 0
    return "▓" * full + "░" * (_BAR - full)


def _in_doubt(view: PlanView) -> list[Paragraph]:
    head = _head(view.name, "in doubt", approved(view, timed=False))
    return [head, *_why(view, "I do not know whether a command happened. The question is below.")]


def _waiting(view: PlanView) -> list[Paragraph]:
    doing = plain(view.run.doing) if view.run else ""
    return [
        _head(view.name, approved(view), "waiting for a person"),
        *_why(view, doing or "The question is below."),
    ]


def _done(view: PlanView) -> list[Paragraph]:
    took = passed(view)
    head = _head(view.name, f"done in {took}" if took else "done", approved(view, timed=False))
    if view.plan.undoes:
        return [head, Paragraph(f"↩ {undoing.done(view)}")]
    return [head, *(Paragraph(f"✓ {proof}") for proof in proofs(view)), *_later(view)]


def _later(view: PlanView) -> list[Paragraph]:
    """What has happened since the run ended: a roll back that failed."""
    news = view.run is not None and view.words not in {"", view.run.words}
    return [Paragraph(plain(view.words))] if news else []


def _failed(view: PlanView) -> list[Paragraph]:
    head = _head(view.name, "failed", approved(view, timed=False))
    if view.plan.undoes:
        return [head, *undoing.failure(view)]
    return [head, Paragraph(f"✗ {failure(view)}"), Paragraph(left(view)), *_later(view)]


def _rolling_back(view: PlanView) -> list[Paragraph]:
    head = _head(view.name, "failed, rolling back", approved(view, timed=False), passed(view))
    doing = line(view.run.doing, 200) if view.run else ""
    now = [Paragraph(f"↩ {doing}")] if doing else []
    return [head, Paragraph(f"✗ {failure(view)}"), *now]


def _rolled_back(view: PlanView) -> list[Paragraph]:
    if view.run is not None and not fell_short(view):
        how = f"{view.run.state}, rolled back later"
        head = _head(view.name, how, approved(view, timed=False))
        return [head, *undoing.undone_later(view)]
    head = _head(view.name, "failed, rolled back", approved(view, timed=False))
    return [head, Paragraph(f"✗ {failure(view)}"), Paragraph(f"↩ {restored(view)}")]


def _rejected(view: PlanView) -> list[Paragraph]:
    votes = [vote for vote in view.votes if vote.verdict == "reject"]
    by = line(view.decided_by) or ", ".join(line(vote.person) for vote in votes)
    reason = line(next((vote.reason for vote in votes if vote.reason), ""))
    head = f"rejected by {by}" if by else "rejected"
    return [_head(view.name, f'{head}: "{reason}"' if reason else head)]


def _expired(view: PlanView) -> list[Paragraph]:
    at = f" {clock(view.expires_at, view.now)}" if view.expires_at else ""
    names = [line(vote.person) for vote in view.votes if vote.verdict == "approve"]
    who = f"only {', '.join(names)} approved" if names else "nobody approved"
    return [_head(view.name, f"expired{at}, {who}"), *_why(view)]


def _superseded(view: PlanView) -> list[Paragraph]:
    by = f" by revision {view.superseded_by}" if view.superseded_by else ""
    return [Paragraph(f"{view.name} · superseded{by}", "struck")]


def _cancelled(view: PlanView) -> list[Paragraph]:
    by = f" by {line(view.decided_by)}" if view.decided_by and not view.run else ""
    return [_head(view.name, f"cancelled{by}"), Paragraph(so_far(view)), *_later(view)]


def _stale(view: PlanView) -> list[Paragraph]:
    why = plain(view.words).rstrip(".") or "what it was made from has changed since"
    after = f" Revision {view.superseded_by} is below." if view.superseded_by else ""
    return [_head(view.name, f"stale: {why}.{after}")]


def reference(plan: str) -> str:
    """The plan's short id as people type it."""
    return span(short(plan))


_CARDS: Mapping[plans.State, Callable[[PlanView], list[Paragraph]]] = {
    "pending": _pending,
    "approved": _approved,
    "queued": _queued,
    "held": _held,
    "running": _running,
    "in_doubt": _in_doubt,
    "waiting": _waiting,
    "done": _done,
    "failed": _failed,
    "rolling_back": _rolling_back,
    "rolled_back": _rolled_back,
    "rejected": _rejected,
    "expired": _expired,
    "superseded": _superseded,
    "cancelled": _cancelled,
    "stale": _stale,
}
