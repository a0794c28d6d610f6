"""Actions in words: what a step runs, how one sees that it worked, what is undone, what is lost. Used by the cards."""

import re
import shlex
from urllib.parse import urlsplit

from bot.model.plans import Step
from bot.model.sections import (
    Ask,
    Exec,
    Glance,
    OpenAsk,
    OpenExec,
    OpenText,
    OpenWrite,
    Planned,
    Section,
    Verify,
    Write,
)
from bot.report import opened
from bot.report.safe import line, verbatim

_NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}
_UNITS = {"reload": "reloaded", "restart": "restarted", "start": "started", "stop": "stopped"}
_HOW_TO = re.compile(r"how to\s+", re.IGNORECASE)


def command(action: Planned) -> str:
    """The action as one line for reading: quoted argv, ` | ` between stages, a file's path, words for a person. What an earlier
    step puts out stands there as `‹ip of step 1›`, outside of quotes."""
    match action:
        case Exec(stages) | OpenExec(stages):
            return verbatim(" | ".join(_joined(stage) for stage in stages))
        case Write(path, _) | OpenWrite(path, _):
            return verbatim(f"write {_quoted(path)}")
        case Ask(text):
            return line(text)
        case OpenAsk(open_text):
            return line(opened.words(open_text))


def _joined(argv: tuple[str | OpenText, ...]) -> str:
    # A lone `!` means itself in any shell's argument; quoted it would only puzzle the reader.
    return " ".join("!" if word == "!" else _quoted(word) for word in argv)


def _quoted(text: str | OpenText) -> str:
    return opened.words(text, shlex.quote)


def labelled(action: Planned) -> str:
    """The action with its label, as a line of a card's step."""
    match action:
        case Exec() | OpenExec():
            return f"run    {command(action)}"
        case Write(path, content) | OpenWrite(path, content):
            count = len(opened.words(content).splitlines())
            return f"write  {verbatim(_quoted(path))}   ({count} {'line' if count == 1 else 'lines'}, show)"
        case Ask() | OpenAsk():
            return f"ask    {command(action)}"


def capability(section: Section) -> str:
    """`nginx-sites: add a reverse proxy`."""
    title = line(section.title)
    if found := _HOW_TO.match(title):
        title = title[found.end() :]
    if title[:1].isupper() and not title[1:2].isupper():
        title = title[0].lower() + title[1:]
    return f"{section.pack}: {title}"


def url(action: Planned) -> str:
    """The address that a `curl` fetches, "" when it is no fetch."""
    if not isinstance(action, Exec | OpenExec) or _program(action) != "curl":
        return ""
    texts = (opened.words(word) for word in action.stages[0])
    found = [word for word in texts if re.match(r"https?://", word)]
    return verbatim(found[-1]) if found else ""


def _program(action: Exec | OpenExec) -> str:
    return opened.words(action.stages[0][0]).rpartition("/")[2]


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


def _then(look: Glance, verify: Verify, until: str) -> str:
    seen = wanted(verify)
    if address := url(look):
        return f"then   {bare(address)} answers{' ' + seen if seen else ''}{until}"
    return f"then   {command(look)} {'says ' + seen if seen else 'ends well'}{until}"


def undo(step: Step, *, past: bool = False) -> str:
    """The rollback in words: `remove the two files, reload`, or in the past tense."""
    named = {word for action in step.actions for word in _words(action)}
    return ", ".join(_undo(action, named, past=past) for action in step.rollback)


def _undo(action: Planned, named: set[str | OpenText], *, past: bool) -> str:
    argv = _words(action) if isinstance(action, Exec) and len(action.stages) == 1 else ()
    if files := removed(action):
        what = verbatim(_joined(files))
        if len(files) in _NUMBERS and named.issuperset(files) and _only_files(action):
            what = f"the {_NUMBERS[len(files)]} files"
        return f"{'removed' if past else 'remove'} {what}"
    if argv == ("nginx", "-s", "reload"):
        return "reloaded" if past else "reload"
    if len(argv) == 3 and argv[0] == "systemctl" and isinstance(argv[1], str) and argv[1] in _UNITS:
        return f"{_UNITS[argv[1]] if past else argv[1]} {verbatim(opened.words(argv[2]))}"
    if isinstance(action, Write | OpenWrite):
        return verbatim(f"{'wrote' if past else 'write'} {_quoted(action.path)}")
    return f"{'ran' if past else 'run'} {command(action)}"


def removed(action: Planned) -> tuple[str | OpenText, ...]:
    """The paths that an `rm` or `rmdir` takes away, () for anything else."""
    if not isinstance(action, Exec | OpenExec) or len(action.stages) != 1:
        return ()
    _, *rest = _words(action)
    if _program(action) not in {"rm", "rmdir", "unlink"}:
        return ()
    return tuple(word for word in rest if not _is_option(word))


def _only_files(action: Planned) -> bool:
    """Whether an `rm` takes nothing but files: no flag of it reaches folders."""
    options = [word for word in _words(action) if isinstance(word, str) and _is_option(word)]
    return all(re.fullmatch(r"--|-[fv]+|--force", word) for word in options)


def _is_option(word: str | OpenText) -> bool:
    """No value begins with a dash, so that an open word is none."""
    return opened.words(word).startswith("-")


def lost(step: Step) -> str:
    """What a `destroy` step takes away, in words."""
    paths = [path for action in step.actions for path in removed(action)]
    what = (
        verbatim(_joined(tuple(paths))) + " and all that is in it"
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


def _words(action: Planned) -> tuple[str | OpenText, ...]:
    match action:
        case Exec(stages) | OpenExec(stages):
            return tuple(word for stage in stages for word in stage)
        case Write(path, _) | OpenWrite(path, _):
            return (path,)
        case Ask() | OpenAsk():
            return ()
