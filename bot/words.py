"""The words that work without any planner: `help`, `stop`, `approve 7f3a`. Called by `bot.flow` before it plans.

Only whole messages count. A verb followed by more words is a command only where a mark (`:`, `,`, a dash, `because`), a
short id or the grammar says so: `stop nginx` and `approve the invoice workflow` are requests like any other. In a reply
that does not mention the bot a vote may also be followed by its reason at once (`reject wait for the release`). A question
(`approve?`) or a condition (`approve after the backup`) is no approval: one by mistake is worse than one to repeat.
"""

import re
from collections.abc import Callable
from typing import Literal

from msgspec import Struct


class Show(Struct, frozen=True):
    """Something to look at. `query` narrows `capabilities`."""

    what: Literal["help", "status", "plans", "approvals", "agents", "capabilities", "audit"]
    query: str = ""


class Stop(Struct, frozen=True):
    """Nothing new may start anywhere."""

    reason: str = ""


class Resume(Struct, frozen=True):
    """The stop is over; in the thread of a plan that somebody holds, or with its `short` id, the hold."""

    reason: str = ""
    short: str = ""


class Hold(Struct, frozen=True):
    """Nothing further is begun of a plan: the one of this thread, or the one whose id ends with `short`."""

    short: str = ""


class Undo(Struct, frozen=True):
    """A new plan that rolls back what one has done: the one of this thread, or the one whose id ends with `short`."""

    short: str = ""


class Again(Struct, frozen=True):
    """A new plan of the same steps as one that came to nothing."""

    short: str = ""


class Unlock(Struct, frozen=True):
    """Free the lock of `target`. Without a `reason` it must be asked for."""

    target: str
    reason: str = ""


class Cancel(Struct, frozen=True):
    """End a plan: the one of this thread, or the one whose id ends with `short`."""

    short: str = ""


class Ballot(Struct, frozen=True):
    """A typed vote on this thread's only pending card, or on the plan whose id ends with `short`."""

    verdict: Literal["approve", "reject"]
    short: str = ""
    reason: str = ""


class Settle(Struct, frozen=True):
    """What became of a command in doubt."""

    choice: Literal["done", "not done", "retry", "roll back"]


Command = Show | Stop | Resume | Unlock | Cancel | Hold | Undo | Again | Ballot | Settle

LONGEST = 600
"""Characters: a longer message is no command. A reason fits."""

_SHOWS: dict[str, Show] = {
    "help": Show("help"),
    "help me": Show("help"),
    "?": Show("help"),
    "what can you do": Show("help"),
    "status": Show("status"),
    "plans": Show("plans"),
    "list plans": Show("plans"),
    "show plans": Show("plans"),
    "approvals": Show("approvals"),
    "list approvals": Show("approvals"),
    "show approvals": Show("approvals"),
    "agents": Show("agents"),
    "list agents": Show("agents"),
    "show agents": Show("agents"),
    "audit": Show("audit"),
    "show audit": Show("audit"),
    "audit log": Show("audit"),
    "list capabilities": Show("capabilities"),
    "show capabilities": Show("capabilities"),
}
_SETTLES: dict[str, Settle] = {
    "done": Settle("done"),
    "not done": Settle("not done"),
    "retry": Settle("retry"),
    "roll back": Settle("roll back"),
    "rollback": Settle("roll back"),
}
_MARKED = r"(?:\s*(?::|,|—|–|\s-)\s*(?:because\s+)?|\s+because\s+)(?P<reason>\S.*)"
_ID = r"(?:\s+(?:plan\s+)?#?(?P<short>[0-9a-f]{4}|[0-9a-f]{8,32})(?![^\s.,:;!—–-]))"
_FLAGS = re.IGNORECASE | re.DOTALL
_STOP = re.compile(rf"stop(?:\s+(?:all|everything))?(?:{_MARKED})?", _FLAGS)
_RESUME = re.compile(rf"(?:resume{_ID}?(?:\s+it)?|start\s+again)(?:{_MARKED})?", _FLAGS)
_UNLOCK = re.compile(
    r"unlock\s+(?P<target>[^\s:,]+)(?:\s*[:,—–]\s*|\s+)?(?:because\s+)?(?P<reason>\S.*)?", _FLAGS
)
_CAPABILITIES = re.compile(r"capabilities(?:\s*:\s*|\s+)(?P<query>\S.*)", _FLAGS)
_CANCEL = re.compile(rf"cancel(?:{_ID}|\s+(?:it|this|that|the\s+plan|this\s+plan))?", _FLAGS)
_IT = r"(?:\s+(?:it|this|that|the\s+plan|this\s+plan))?"
_HOLD = re.compile(rf"hold(?:{_ID}|{_IT})", _FLAGS)
_UNDO = re.compile(
    rf"(?:(?:undo|roll\s*back)(?:{_ID}|{_IT})|roll\s+(?:it|this|that|the\s+plan|this\s+plan)\s+back)",
    _FLAGS,
)
_AGAIN = re.compile(rf"(?:(?:try|ask){_IT}\s+again|retry)(?:{_ID}|{_IT})", _FLAGS)
_VOTE = re.compile(
    rf"(?P<verdict>approve|reject){_ID}?(?:\s+(?:it|this|that|the\s+plan|this\s+plan|please))?(?:{_MARKED}|\s+(?P<free>\S.*))?",
    _FLAGS,
)
_CONDITION = re.compile(
    r"(?:at|if|when|after|only|once|unless|until|till|not|later|tomorrow|tonight|in|by|before|provided|or|maybe|don['’]?t)\b",
    _FLAGS,
)


def parse(text: str, addressed: bool = False) -> Command | None:
    """The command that `text` (without the mention) is, or None. `addressed`: it mentions the bot, so that free words
    behind `approve` or `reject` make it a request."""
    line = text.strip()
    if not line or len(line) > LONGEST:
        return None
    plain = " ".join(line.rstrip(".!").casefold().split())
    whole = _SHOWS.get(plain.rstrip("?") or plain) or _SETTLES.get(plain)
    if whole is not None:
        return whole
    read = _VERBS.get(re.split(r"[\s:,]", plain, maxsplit=1)[0])
    return read(line.rstrip(".!"), addressed) if read else None


def _stop(line: str, _addressed: bool) -> Stop | None:
    match = _STOP.fullmatch(line)
    return Stop(match["reason"] or "") if match else None


def _resume(line: str, _addressed: bool) -> Resume | None:
    match = _RESUME.fullmatch(line)
    return Resume(match["reason"] or "", (match["short"] or "").casefold()) if match else None


def _unlock(line: str, _addressed: bool) -> Unlock | None:
    match = _UNLOCK.fullmatch(line)
    return Unlock(match["target"], match["reason"] or "") if match else None


def _cancel(line: str, _addressed: bool) -> Cancel | None:
    match = _CANCEL.fullmatch(line)
    return Cancel((match["short"] or "").casefold()) if match else None


def _hold(line: str, _addressed: bool) -> Hold | None:
    match = _HOLD.fullmatch(line)
    return Hold((match["short"] or "").casefold()) if match else None


def _undo(line: str, _addressed: bool) -> Undo | None:
    match = _UNDO.fullmatch(line)
    return Undo((match["short"] or "").casefold()) if match else None


def _again(line: str, _addressed: bool) -> Again | None:
    match = _AGAIN.fullmatch(line)
    return Again((match["short"] or "").casefold()) if match else None


def _capabilities(line: str, _addressed: bool) -> Show | None:
    match = _CAPABILITIES.fullmatch(line)
    return Show("capabilities", match["query"] if match else "")


def _vote(line: str, addressed: bool) -> Ballot | None:
    match = _VOTE.fullmatch(line)
    if match is None:
        return None
    free, short = match["free"] or "", (match["short"] or "").casefold()
    reason = match["reason"] or free
    if (free and addressed and not short) or line.endswith("?"):
        return None
    if match["verdict"].casefold() == "reject":
        return Ballot("reject", short, reason)
    return None if _CONDITION.match(reason) else Ballot("approve", short, reason)


_VERBS: dict[str, Callable[[str, bool], Command | None]] = {
    "stop": _stop,
    "resume": _resume,
    "start": _resume,
    "unlock": _unlock,
    "cancel": _cancel,
    "hold": _hold,
    "undo": _undo,
    "roll": _undo,
    "rollback": _undo,
    "try": _again,
    "ask": _again,
    "retry": _again,
    "capabilities": _capabilities,
    "approve": _vote,
    "reject": _vote,
}
