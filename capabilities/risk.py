"""What a template may do at least, from the table of programs. Called by `compile` for every block; the larger of
declared and derived risk is what a section has. Values play no part: only the template's own words count.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from bot.model.sections import ExecTemplate, Risk, Slot, Template, Word, WriteTemplate, worst
from capabilities.launchers import LAUNCHERS, LAUNCHING_OPTIONS
from capabilities.problems import Broken
from capabilities.programs import PROGRAMS, Program

SLOT = "\0"
_INTERPRETER = re.compile(r"(python|perl|ruby|lua|php|node|tclsh|wish)[0-9.]*(-[0-9.]+)?")
_PLACES = ("/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/", "/usr/local/bin/", "/usr/local/sbin/")


class Derived(Struct, frozen=True):
    """The least risk, and the level an agent needs."""

    risk: Risk
    level: int


OUTSIDE = Derived(Risk.CHANGE, 3)
"""What the tables do not know."""


def of(risk: Risk) -> Derived:
    """A risk with the level that belongs to it."""
    return Derived(risk, risk.rank)


def together(parts: Iterable[Derived]) -> Derived:
    """The greater of each."""
    found = list(parts)
    return Derived(
        worst(part.risk for part in found), max((part.level for part in found), default=0)
    )


def derive(templates: Iterable[Template], slots: Mapping[str, Slot]) -> Derived:
    """The least risk of some templates. Raises Broken for a program or option that is refused outright."""
    return together(_template(template, slots) for template in templates)


def _template(template: Template, slots: Mapping[str, Slot]) -> Derived:
    if isinstance(template, ExecTemplate):
        return together(_stage(stage, template.line, slots) for stage in template.stages)
    return of(Risk.CHANGE if isinstance(template, WriteTemplate) else Risk.LOW)


def program(name: str) -> str:
    """The name a program has in the table, whatever place it is called from; unlisted places keep theirs."""
    for place in _PLACES:
        if name.startswith(place) and "/" not in name[len(place) :]:
            name = name[len(place) :]
    return "mkfs" if name.startswith("mkfs.") else name


def _stage(stage: tuple[Word, ...], line: int, slots: Mapping[str, Slot]) -> Derived:
    return judge([text for word in stage for text in _texts(word, slots)], line)


def judge(words: Sequence[str], line: int = 0) -> Derived:
    """The least risk of one command's words. Raises Broken for what is refused outright."""
    name, rest = program(words[0]), list(words[1:])
    _refuse_program(name, line)
    _refuse_options(name, rest, line)
    row = PROGRAMS.get(name)
    if row is None:
        return OUTSIDE
    reading = read(row, rest)
    special = _SPECIAL.get(name)
    parts = [_options(row, reading), _operands(row, reading)]
    if special is not None:
        parts.append(special(reading))
    return together(parts)


def _texts(word: Word, slots: Mapping[str, Slot]) -> list[str]:
    """A word as the tables see it: each slot is its type between two NULs."""
    text = "".join(piece.text or _mark(piece.slot, slots) for piece in word.pieces)
    if word.form == "flag":
        return [word.flag, text]
    return [f"{word.flag}={text}" if word.form == "flag=" else text]


def _mark(name: str | None, slots: Mapping[str, Slot]) -> str:
    slot = slots.get(name or "")
    return f"{SLOT}{slot.type if slot else ''}{SLOT}" if name else ""


def _refuse_program(name: str, line: int) -> None:
    base = name.rpartition("/")[2]
    if base in LAUNCHERS or _INTERPRETER.fullmatch(base):
        raise Broken(
            line,
            f"{base!r} runs other programs, which no template may.",
            "Name the program itself; privilege and hosts belong to the target.",
        )
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._+-]*", base, re.ASCII):
        raise Broken(line, f"{name!r} is no program.", "Begin with a program's plain name.")
    if "/" in name and not name.startswith("/"):
        raise Broken(
            line, f"The script {name!r} is not known in this version.", "Use a program by its name."
        )


def _refuse_options(name: str, words: list[str], line: int) -> None:
    for word in words:
        head = word.partition("=")[0]
        if any(_names(name, head, option) for option in LAUNCHING_OPTIONS.get(name, ())):
            raise Broken(
                line,
                f"{name} {head} runs other programs or reads orders from elsewhere.",
                "Leave it out.",
            )
        if word.startswith("-") and SLOT in head:
            raise Broken(
                line,
                f"A slot stands in an option of {name}.",
                "Write the option, then the slot as a word of its own, or --option={slot}.",
            )


def _names(name: str, head: str, option: str) -> bool:
    """Whether that word is the option, an abbreviation of it, or a short one in a cluster or with a value attached."""
    if option.startswith("--"):
        return len(head) > 3 and option.startswith(head)
    clustered = name not in PROGRAMS or PROGRAMS[name].cluster
    if clustered and option.startswith("-") and len(option) == 2:
        return bool(re.match(rf"-[A-Za-z0-9]*{option[1]}", head))
    return head == option


class Reading(Struct, frozen=True):
    """A command line as the table sees it: options with their values, and plain words."""

    options: tuple[tuple[str, str], ...]
    operands: tuple[str, ...]

    def values(self, *names: str) -> list[str]:
        return [value for name, value in self.options if name in names]

    def has(self, *names: str) -> bool:
        return any(name in names for name, _ in self.options)


def read(row: Program, words: Sequence[str]) -> Reading:
    """Options and plain words, as the program's row tells them apart."""
    options: list[tuple[str, str]] = []
    operands: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            operands.extend(rest)
        elif word.startswith("--"):
            name, equals, value = word.partition("=")
            takes = not equals and name in row.valued
            options.append((name, next(rest, "") if takes else value))
        elif word.startswith("-") and len(word) > 1:
            options += _short(row, word, rest)
        else:
            operands.append(word)
    return Reading(tuple(options), tuple(operands))


def _short(row: Program, word: str, rest: Iterator[str]) -> list[tuple[str, str]]:
    if not row.cluster or word in row.valued or word in row.options:
        return [(word, next(rest, "") if word in row.valued else "")]
    found: list[tuple[str, str]] = []
    for index, letter in enumerate(word[1:], 1):
        option = f"-{letter}"
        if option in row.valued:
            value = word[index + 1 :]
            return [*found, (option, value or next(rest, ""))]
        found.append((option, ""))
    return found


def _options(row: Program, reading: Reading) -> Derived:
    return together((of(row.base), *(_option(row, name) for name, _ in reading.options)))


def _option(row: Program, name: str) -> Derived:
    long = name.startswith("--")
    meant = [
        risk
        for option, risk in row.raises.items()
        if option == name or (long and option.startswith(name))
    ]
    if meant:
        return of(worst((row.base, *meant)))
    listed = name in row.options or name in row.valued or "*" in row.options
    return of(row.base) if listed else OUTSIDE


def _operands(row: Program, reading: Reading) -> Derived:
    if row.verbs is not None:
        verb = reading.operands[0] if reading.operands else ""
        risk = row.verbs.get(verb)
        return (
            of(Risk.READ)
            if not verb and row.base is Risk.READ
            else of(risk)
            if risk is not None
            else OUTSIDE
        )
    if row.operands is not None and len(reading.operands) > row.operands:
        return OUTSIDE
    return of(row.base)


_ANYTHING = of(Risk.READ)


def _curl(reading: Reading) -> Derived:
    quiet = {"/dev/null", "-"}
    writes = any(value not in quiet for value in reading.values("-o", "--output"))
    asks = reading.values("-X", "--request")
    formats = reading.values("-w", "--write-out")
    if any(value.startswith("@") or "%output" in value or SLOT in value for value in formats):
        return OUTSIDE
    if not all(_address(word) for word in reading.operands):
        return OUTSIDE
    return of(Risk.CHANGE if writes or asks else Risk.LOW)


def _address(word: str) -> bool:
    whole = {f"{SLOT}{name}{SLOT}" for name in ("url", "fqdn", "hostname", "ip")}
    return word.startswith(("http://", "https://")) or word in whole


def _nginx(reading: Reading) -> Derived:
    # `nginx` alone starts the server; -t, -T and -v only look, unless a signal is sent as well.
    looks = reading.has("-t", "-T", "-v", "-V") and not reading.has("-s")
    return _ANYTHING if looks else of(Risk.CHANGE)


def _ip(reading: Reading) -> Derived:
    looks = {"show", "list", "ls", "get"}
    return _ANYTHING if len(reading.operands) < 2 or reading.operands[1] in looks else OUTSIDE


def _date(reading: Reading) -> Derived:
    return _ANYTHING if all(word.startswith("+") for word in reading.operands) else OUTSIDE


_SED = re.compile(
    r"(?:\d+|\$)?(?:,(?:\d+|\$))?[pdq=]|s([/|,#])(?:(?!\1)[^\\\n])*\1(?:(?!\1)[^\\\n])*\1[gpI0-9]*"
)


def _sed(reading: Reading) -> Derived:
    scripts = reading.values("-e", "--expression") or list(reading.operands[:1])
    plain = all(SLOT not in script and _SED.fullmatch(script) for script in scripts)
    return _ANYTHING if scripts and plain else OUTSIDE


def _awk(reading: Reading) -> Derived:
    script = reading.operands[0] if reading.operands else SLOT
    return OUTSIDE if re.search(r"system|getline|[|>@\0]", script) else _ANYTHING


_SPECIAL: dict[str, Callable[[Reading], Derived]] = {
    "curl": _curl,
    "nginx": _nginx,
    "ip": _ip,
    "date": _date,
    "sed": _sed,
    **dict.fromkeys(("awk", "gawk", "mawk", "nawk"), _awk),
}
