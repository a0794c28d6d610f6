"""Actions in words: what a step runs, how one sees that it worked, what is undone, what is lost. Used by the cards."""

import re
import shlex
from urllib.parse import urlsplit

from bot.model.plans import Step
from bot.model.sections import Action, Ask, Exec, Section, Verify, Write
from bot.report.safe import line, verbatim

_NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}
_UNITS = {"reload": "reloaded", "restart": "restarted", "start": "started", "stop": "stopped"}


def command(action: Action) -> str:
    """The action as one line for reading: quoted argv, ` | ` between stages, a file's path, words for a person."""
    match action:
        case Exec(stages):
            return verbatim(" | ".join(_joined(stage) for stage in stages))
        case Write(path, _):
            return verbatim(f"write {shlex.quote(path)}")
        case Ask(text):
            return line(text)


def _joined(argv: tuple[str, ...]) -> str:
    # A lone `!` means itself in any shell's argument; quoted it would only puzzle the reader.
    return " ".join(word if word == "!" else shlex.quote(word) for word in argv)


def labelled(action: Action) -> str:
    """The action with its label, as a line of a card's step."""
    match action:
        case Exec():
            return f"run    {command(action)}"
        case Write(path, content):
            count = len(content.splitlines())
            return f"write  {verbatim(shlex.quote(path))}   ({count} {'line' if count == 1 else 'lines'}, show)"
        case Ask():
            return f"ask    {command(action)}"


def capability(section: Section) -> str:
    """`nginx-sites: add a reverse proxy`."""
    title = re.sub(r"(?i)^how to\s+", "", line(section.title))
    if title[:1].isupper() and not title[1:2].isupper():
        title = title[0].lower() + title[1:]
    return f"{section.pack}: {title}"


def url(action: Action) -> str:
    """The address that a `curl` fetches, "" when it is no fetch."""
    if not isinstance(action, Exec) or action.stages[0][0].rpartition("/")[2] != "curl":
        return ""
    found = [word for word in action.stages[0] if re.match(r"https?://", word)]
    return verbatim(found[-1]) if found else ""


def wanted(verify: Verify) -> str:
    """What must be seen: `204 and 2xx-4xx` for patterns of status codes, else the pattern itself between slashes; "" for none."""
    if verify.expect is None:
        return ""
    whole = re.fullmatch(r"\^(.+?)\s*\$", verify.expect)
    seen = [_seen(part) for part in whole.group(1).split()] if whole else [""]
    return " and ".join(seen) if all(seen) else f"/{verbatim(verify.expect)}/"


def _seen(pattern: str) -> str:
    """`200`, `ok`, `2xx-4xx` for `[234]\\d\\d`; "" for what has no such words."""
    status = re.fullmatch(r"\[?(\d{1,5})\]?\\d\\d", pattern)
    if status is None:
        return pattern if re.fullmatch(r"\w+", pattern) else ""
    digits = status.group(1)
    return f"{digits[0]}xx" if len(digits) == 1 else f"{digits[0]}xx-{digits[-1]}xx"


def then(step: Step) -> list[str]:
    """One line per Verify command."""
    verify = step.section.verify
    if verify is None:
        return []
    until = f" within {verify.within:g} s" if verify.within else ""
    return [_then(look, verify, until) for look in step.verify]


def _then(look: Exec, verify: Verify, until: str) -> str:
    seen = wanted(verify)
    if address := url(look):
        return f"then   {bare(address)} answers{' ' + seen if seen else ''}{until}"
    return f"then   {command(look)} {'says ' + seen if seen else 'ends well'}{until}"


def undo(step: Step, *, past: bool = False) -> str:
    """The rollback in words: `remove the two files, reload`, or in the past tense."""
    named = {word for action in step.actions for word in _words(action)}
    return ", ".join(_undo(action, named, past=past) for action in step.rollback)


def _undo(action: Action, named: set[str], *, past: bool) -> str:
    argv = action.stages[0] if isinstance(action, Exec) and len(action.stages) == 1 else ()
    if files := removed(action):
        what = verbatim(shlex.join(files))
        if len(files) in _NUMBERS and named.issuperset(files) and _only_files(action):
            what = f"the {_NUMBERS[len(files)]} files"
        return f"{'removed' if past else 'remove'} {what}"
    if argv == ("nginx", "-s", "reload"):
        return "reloaded" if past else "reload"
    if len(argv) == 3 and argv[0] == "systemctl" and argv[1] in _UNITS:
        return f"{_UNITS[argv[1]] if past else argv[1]} {verbatim(argv[2])}"
    if isinstance(action, Write):
        return verbatim(f"{'wrote' if past else 'write'} {shlex.quote(action.path)}")
    return f"{'ran' if past else 'run'} {command(action)}"


def removed(action: Action) -> tuple[str, ...]:
    """The paths that an `rm` or `rmdir` takes away, () for anything else."""
    if not isinstance(action, Exec) or len(action.stages) != 1:
        return ()
    program, *rest = action.stages[0]
    if program.rpartition("/")[2] not in {"rm", "rmdir", "unlink"}:
        return ()
    return tuple(word for word in rest if not word.startswith("-"))


def _only_files(action: Action) -> bool:
    """Whether an `rm` takes nothing but files: no flag of it reaches folders."""
    options = [word for word in _words(action) if word.startswith("-")]
    return all(re.fullmatch(r"--|-[fv]+|--force", word) for word in options)


def lost(step: Step) -> str:
    """What a `destroy` step takes away, in words."""
    paths = [path for action in step.actions for path in removed(action)]
    what = (
        verbatim(shlex.join(paths)) + " and all that is in it"
        if paths
        else "whatever the commands above take away"
    )
    return (
        what if step.rollback and not step.section.irreversible else f"{what}; it cannot be undone"
    )


def bare(address: str) -> str:
    """The address without the slash of an empty path."""
    return address[:-1] if address.count("/") == 3 and address.endswith("/") else address


def place(address: str) -> str:
    """A bare host where that is all one needs, else the whole address."""
    parts = urlsplit(address)
    bare = parts.path in {"", "/"} and not parts.query and ":" not in parts.netloc
    return parts.netloc if bare else address


def _words(action: Action) -> tuple[str, ...]:
    match action:
        case Exec(stages):
            return tuple(word for stage in stages for word in stage)
        case Write(path, _):
            return (path,)
        case Ask():
            return ()
