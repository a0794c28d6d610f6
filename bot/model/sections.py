"""A capability section, compiled. Made by `capabilities`, kept inside every plan, rendered again by the guard.

A template holds literal text and named holes; nothing here ever goes through a shell.
"""

import enum
from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

Value = str | tuple[str, ...]
"""A slot's value exactly as given: one string, or the words of a `list` slot."""

Slots = Mapping[str, Value]


class Output(Struct, frozen=True):
    """In the place of a value: what step `step` puts out under `name` (its section's `Returns`), known only during the run.
    `type` and `rule` are those of the slot it fills, which the value must then pass; a planner leaves them empty."""

    step: str
    name: str
    type: str = ""
    rule: str = ""

    @property
    def words(self) -> str:
        """`‹ip of step 1›`, as people read it."""
        return f"‹{self.name} of step {self.step}›"


class Risk(enum.StrEnum):
    """How much a section may change. The order of the members is the order of risk."""

    READ = "read"
    LOW = "low"
    CHANGE = "change"
    DESTROY = "destroy"

    @property
    def rank(self) -> int:
        return _RANKS[self]


_RANKS = {risk: rank for rank, risk in enumerate(Risk)}


def worst(risks: Iterable[Risk]) -> Risk:
    """The greatest of some risks; `read` of none."""
    return max(risks, key=lambda risk: risk.rank, default=Risk.READ)


class Slot(Struct, frozen=True):
    """A typed hole. `rule` is the text of the Parameters table; the fields after `example` are its parsed parts."""

    name: str
    type: str
    rule: str = ""
    description: str = ""
    required: bool = True
    from_agent: bool = False
    default: str | None = None
    example: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()
    pattern: str | None = None
    root: str | None = None
    hosts: tuple[str, ...] = ()
    item: str | None = None


class Piece(Struct, frozen=True):
    """A run of literal text, or (when `slot` is set) the value of that slot."""

    text: str = ""
    slot: str | None = None


class Word(Struct, frozen=True):
    """One template word. `one` renders to exactly one word; `list` to one per value of its only slot;
    `flag` to `flag value` (two words) or none; `flag=` to one word `flag=value`, or none."""

    pieces: tuple[Piece, ...]
    form: Literal["one", "list", "flag", "flag="] = "one"
    flag: str = ""


class ExecTemplate(Struct, frozen=True, tag_field="kind", tag="exec"):
    """A simple command, or a pipeline of several: words per stage. `line` is where it stands in the file."""

    stages: tuple[tuple[Word, ...], ...]
    line: int = 0


class WriteTemplate(Struct, frozen=True, tag_field="kind", tag="write"):
    """`cat > PATH <<'WORD'`: a file written atomically, with a copy of the old one kept."""

    path: Word
    content: tuple[Piece, ...]
    line: int = 0


class HumanTemplate(Struct, frozen=True, tag_field="kind", tag="human"):
    """Words for a person, who does it and reacts; the run waits meanwhile."""

    text: tuple[Piece, ...]
    line: int = 0


Template = ExecTemplate | WriteTemplate | HumanTemplate


class Exec(Struct, frozen=True, tag_field="kind", tag="exec"):
    """argv lists, one per stage of a pipeline; the last stage's exit code is judged, every stage must be good."""

    stages: tuple[tuple[str, ...], ...]


class Write(Struct, frozen=True, tag_field="kind", tag="write"):
    """Write `content` (UTF-8) to `path`."""

    path: str
    content: str


class Ask(Struct, frozen=True, tag_field="kind", tag="human"):
    """A person must do this and say so."""

    text: str


Action = Exec | Write | Ask
"""One rendered thing to do: exactly one attempt in the journal."""


class OpenText(Struct, frozen=True):
    """One word, path or text of which parts are known only during the run."""

    parts: tuple[str | Output, ...]


class OpenExec(Struct, frozen=True, tag_field="kind", tag="open exec"):
    """An `Exec` to be: some of its words are open. No target takes it."""

    stages: tuple[tuple[str | OpenText, ...], ...]


class OpenWrite(Struct, frozen=True, tag_field="kind", tag="open write"):
    """A `Write` to be: its path or its content is open. No target takes it."""

    path: str | OpenText
    content: str | OpenText


class OpenAsk(Struct, frozen=True, tag_field="kind", tag="open human"):
    """An `Ask` to be."""

    text: OpenText


Open = OpenExec | OpenWrite | OpenAsk
"""What becomes an action when the outputs in it are known."""

Planned = Action | Open
"""One thing to do, as a plan holds it and people approve it."""

Glance = Exec | OpenExec
"""A command that only looks, as a plan holds it."""


class Preview(Struct, frozen=True):
    """Read-only look before approval and again before the run. `compare`: `exit`, `lines`, `regex …`, `json …` or "" (not compared)."""

    body: tuple[ExecTemplate, ...]
    compare: str = ""


class Verify(Struct, frozen=True):
    """How to see that it worked. `expect` is a regular expression over the raw output; `within` is in seconds, 0 for once."""

    body: tuple[ExecTemplate, ...]
    expect: str | None = None
    within: float = 0.0
    exits: tuple[int, ...] = (0,)


class Return(Struct, frozen=True):
    """A typed output: `way` is `regex …` (first group) or `json $.path` over the raw output of the body."""

    name: str
    type: str
    way: str


class Section(Struct, frozen=True):
    """One `## How to …`: one capability, `<pack>/<slug>`. `hash` is SHA-256 over all fields but `hash`, `private`, `source`
    and `line`; `private` sections are told to models at home only."""

    id: str
    pack: str
    title: str
    risk: Risk
    level: int
    body: tuple[Template, ...]
    slots: tuple[Slot, ...] = ()
    aliases: tuple[str, ...] = ()
    pack_aliases: tuple[str, ...] = ()
    description: str = ""
    examples: tuple[str, ...] = ()
    preview: Preview | None = None
    verify: Verify | None = None
    rollback: tuple[Template, ...] = ()
    irreversible: bool = False
    idempotent: bool = False
    exits: tuple[int, ...] = (0,)
    returns: tuple[Return, ...] = ()
    alerts: tuple[str, ...] = ()
    encode: str | None = None
    private: bool = False
    source: str = ""
    line: int = 0
    hash: str = ""

    def slot(self, name: str) -> Slot | None:
        """The declared slot of that name."""
        return next((slot for slot in self.slots if slot.name == name), None)


class Refusal(Struct, frozen=True):
    """Why something is not rendered or not run: a value, not an exception. `rule` names the rule that refused."""

    rule: str
    why: str
    slot: str | None = None


class Rendered(Struct, frozen=True):
    """A section with its slots filled: everything that may be run for it, in order."""

    actions: tuple[Planned, ...]
    preview: tuple[Glance, ...] = ()
    verify: tuple[Glance, ...] = ()
    rollback: tuple[Planned, ...] = ()
