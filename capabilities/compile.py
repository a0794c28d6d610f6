"""Raw sections into compiled ones. Called by the library for every page; `Section` values and problems flow on.

A template is read once, here: holes to sentinels (`holes`), statements (`units`), words (`shell`), the slots' types
checked against the places they stand in (`places`), the risk derived (`risk`). What breaks leaves its section out.
"""

from collections.abc import Mapping

from msgspec.structs import replace

from bot.model.sections import (
    ExecTemplate,
    HumanTemplate,
    Preview,
    Return,
    Risk,
    Section,
    Slot,
    Template,
    Verify,
    WriteTemplate,
    worst,
)
from capabilities import examples, fields, places, risk, shell
from capabilities.blocks import Blocks, blocks
from capabilities.fields import Fields
from capabilities.holes import pieces
from capabilities.pages import Page
from capabilities.parse import RawFile, RawSection
from capabilities.problems import Broken, Problem
from capabilities.rules import declare, infer
from capabilities.seal import seal
from capabilities.units import Unit


def compile_page(raw: RawFile) -> Page:
    """Every section that can be compiled, and a problem for every one that cannot. Never raises Broken."""
    table, problems = _table(raw)
    sections: list[Section] = []
    broken: list[str] = []
    for section in raw.sections:
        try:
            compiled, warnings = _Compiler(raw, section, table).section()
        except Broken as error:
            broken.append(f"{raw.pack}/{section.slug}")
            problems.append(
                Problem(
                    raw.file, error.line, f"{section.title!r} is left out: {error.what}", error.mend
                )
            )
        else:
            sections.append(compiled)
            problems.extend(warnings)
    return Page(
        raw.pack,
        raw.description or raw.title,
        tuple(sections),
        (*raw.problems, *problems),
        tuple(broken),
    )


def _table(raw: RawFile) -> tuple[dict[str, Slot | None], list[Problem]]:
    """The declared slots; None stands for a row that is broken, so that only the sections using it are left out."""
    table: dict[str, Slot | None] = {}
    problems: list[Problem] = []
    for row in raw.rows:
        name = row.cells[0]
        if name in table:
            what = f"The parameter {name!r} is declared twice; the first counts."
            problems.append(Problem(raw.file, row.line, what, "Keep one."))
            continue
        try:
            table[name] = declare(*row.cells, row.line)
        except Broken as error:
            table[name] = None
            problems.append(Problem(raw.file, error.line, error.what, error.mend))
    return table, problems


class _Compiler:
    """One section being compiled."""

    def __init__(self, raw: RawFile, section: RawSection, table: Mapping[str, Slot | None]) -> None:
        self.raw = raw
        self.source = section
        self.line = section.body.line
        self.fields = fields.collect(section.body.bullets, fields.BODY)
        self.parts = {name: blocks(part) for name, part in section.parts.items()}
        self.body = blocks(section.body)
        self.used: set[str] = set()
        self.needed: set[str] = set()
        self.slots = self._known_slots(table)

    def _known_slots(self, table: Mapping[str, Slot | None]) -> dict[str, Slot | None]:
        if self.raw.declared:
            return dict(table)
        found = self.body.command_slots.union(*(part.command_slots for part in self.parts.values()))
        return {name: infer(name) for name in sorted(found)}

    def section(self) -> tuple[Section, list[Problem]]:
        body = self._body()
        preview, verify = self._preview(), self._verify()
        rollback = self._compile(self.parts.get("rollback"))
        encode = self.fields.one("Encode", fields.encoder, None)
        slots = self._slots()
        known = {slot.name: slot for slot in slots}
        looks = (*(preview.body if preview else ()), *(verify.body if verify else ()))
        places.check((*body, *looks, *rollback), known, encode)
        self._looks(looks, known)
        declared = self.fields.one("Risk", fields.risk, Risk.READ)
        effective, level = _rated(declared, risk.derive((*body, *rollback), known))
        texts, aliases = self.fields.texts("Example"), self.fields.words("Aliases")
        section = Section(
            id=f"{self.raw.pack}/{self.source.slug}",
            pack=self.raw.pack,
            title=self.source.title,
            risk=effective,
            level=level,
            body=body,
            slots=examples.fill(slots, texts, (self.source.title, *aliases)),
            aliases=aliases,
            pack_aliases=tuple(self.raw.aliases),
            description=" ".join((*self.source.body.prose, *self.fields.prose))[:1000],
            examples=texts,
            preview=preview,
            verify=verify,
            rollback=rollback,
            irreversible=self._irreversible(effective, rollback),
            idempotent=self.fields.one("Idempotent", fields.yes, False),
            exits=self.fields.one("Exit", fields.exits, (0,)),
            returns=self._returns(),
            alerts=self.fields.words("Alerts"),
            encode=encode,
            private=self.raw.private,
            source=self.raw.file,
            line=self.line,
        )
        return replace(section, hash=seal(section)), self._warnings(section, declared)

    def _body(self) -> tuple[Template, ...]:
        body = self._compile(self.body)
        if not body:
            raise Broken(
                self.line, "It has no block to run.", "Add one fenced block, ```bash or ```human."
            )
        return body

    def _compile(self, templates: Blocks | None) -> tuple[Template, ...]:
        found: list[Template] = []
        for index, fence in enumerate(templates.fences if templates else ()):
            if templates and index in templates.units:
                found += [self._statement(unit) for unit in templates.units[index]]
            elif fence.text.strip():
                human = HumanTemplate(pieces(fence.text.strip(), self.slots), fence.line)
                self._use(human)
                found.append(human)
        return tuple(found)

    def _statement(self, unit: Unit) -> Template:
        statement = shell.read(unit)
        template: Template
        if statement.target is None:
            template = ExecTemplate(statement.stages, unit.line)
        else:
            template = WriteTemplate(statement.target, pieces(unit.body, self.slots), unit.line)
        self._use(template)
        return template

    def _use(self, template: Template) -> None:
        for name in places.names(template):
            if name not in self.slots:
                raise Broken(
                    template.line,
                    f"{{{name}}} is not in the Parameters table.",
                    "Declare it, or write {{{x}}} for the literal {x}.",
                )
            if self.slots[name] is None:
                raise Broken(template.line, f"The parameter {name!r} is broken.", "Mend its row.")
            self.used.add(name)
        self.needed |= places.needed(template)

    def _slots(self) -> tuple[Slot, ...]:
        """The slots the section uses, in the order of the table; one only ever optional in templates is not required."""
        listed = self.fields.keyed.get("Parameters", [])
        for name in self.fields.words("Parameters"):
            if name not in self.used:
                raise Broken(
                    listed[0].line,
                    f"The parameter {name!r} is not used.",
                    "Use it, or take it off the list.",
                )
        declared = [
            slot for name, slot in self.slots.items() if slot is not None and name in self.used
        ]
        return tuple(
            slot if slot.name in self.needed else replace(slot, required=False) for slot in declared
        )

    def _looking(self, name: str) -> tuple[ExecTemplate, ...]:
        found = self._compile(self.parts.get(name))
        only = tuple(template for template in found if isinstance(template, ExecTemplate))
        if len(only) != len(found) or not only:
            raise Broken(
                self.source.parts[name].line,
                f"{name.title()} takes commands alone.",
                "Use one ```bash block that only looks.",
            )
        return only

    def _looks(self, templates: tuple[ExecTemplate, ...], slots: Mapping[str, Slot]) -> None:
        for template in templates:
            derived = risk.derive((template,), slots)
            if derived.level > Risk.LOW.rank:
                raise Broken(
                    template.line,
                    f"Preview and Verify only look, but this may be {derived.risk} at level {derived.level}.",
                    "Use a program that changes nothing.",
                )

    def _fields(self, name: str, keys: tuple[str, ...]) -> Fields:
        return fields.collect(self.source.parts[name].bullets, keys)

    def _preview(self) -> Preview | None:
        if "preview" not in self.source.parts:
            return None
        found = self._fields("preview", fields.PREVIEW)
        return Preview(self._looking("preview"), found.one("Compare", fields.compare, ""))

    def _verify(self) -> Verify | None:
        if "verify" not in self.source.parts:
            return None
        found = self._fields("verify", fields.VERIFY)
        return Verify(
            self._looking("verify"),
            found.one("Expect", fields.expect, None),
            found.one("Within", fields.seconds, 0.0),
            found.one("Exit", fields.exits, (0,)),
        )

    def _irreversible(self, effective: Risk, rollback: tuple[Template, ...]) -> bool:
        """Said, or true because something changes and nothing undoes it."""
        said = self.fields.one("Irreversible", fields.yes, False)
        if said and rollback:
            raise Broken(
                self.line, "It is irreversible and has a Rollback.", "Keep one of the two."
            )
        return said or (effective.rank >= Risk.CHANGE.rank and not rollback)

    def _returns(self) -> tuple[Return, ...]:
        part = self.source.parts.get("returns")
        listed = [(bullet.text, bullet.line) for bullet in (part.bullets if part else ())]
        listed += [(bullet.text, bullet.line) for bullet in self.fields.keyed.get("Returns", ())]
        return tuple(fields.returned(text, line) for text, line in listed)

    def _warnings(self, section: Section, declared: Risk) -> list[Problem]:
        found: list[tuple[str, str]] = []
        if section.irreversible and "Irreversible" not in self.fields.keyed:
            found.append(
                ("changes something and has no Rollback", "Add one, or '- Irreversible: yes'.")
            )
        if "Risk" in self.fields.keyed and declared.rank < section.risk.rank:
            found.append(
                (f"declares {declared} but is {section.risk}", f"Write '- Risk: {section.risk}'.")
            )
        bare = [slot.name for slot in section.slots if slot.example is None and self.raw.declared]
        mend = "Add it to an '- Example:' line, or 'example X' to its rule."
        found += [(f"has no example for {name}", mend) for name in bare]
        title, file = section.title, self.raw.file
        return [
            Problem(file, self.line, f"{title!r} {what}.", mend, "warning") for what, mend in found
        ]


def _rated(declared: Risk, derived: risk.Derived) -> tuple[Risk, int]:
    """The risk in force and the level that it takes: what is declared never makes less of what is derived."""
    effective = worst((declared, derived.risk))
    return effective, max(derived.level, effective.rank)
