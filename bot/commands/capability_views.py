"""Sections, renderings and problems as JSON objects and as lines of text. Called by `bot.commands.capabilities`
and `bot.commands.rendering`."""

import shlex
from collections.abc import Iterable, Iterator
from typing import Any, assert_never

from msgspec.structs import asdict

from bot.model.sections import (
    Ask,
    Exec,
    ExecTemplate,
    HumanTemplate,
    Piece,
    Refusal,
    Rendered,
    Section,
    Slot,
    Template,
    Word,
    Write,
    WriteTemplate,
)
from capabilities.problems import Problem


def slot(slot: Slot) -> dict[str, Any]:
    """A slot as `capabilities list` shows it."""
    names = ("name", "type", "rule", "required", "from_agent", "default", "example")
    return {name: getattr(slot, name) for name in names}


def summary(section: Section) -> dict[str, Any]:
    """One object of `capabilities list`."""
    return {
        "id": section.id,
        "title": section.title,
        "pack": section.pack,
        "risk": section.risk.value,
        "level": section.level,
        "slots": [slot(each) for each in section.slots],
    }


def whole(section: Section) -> dict[str, Any]:
    """The object of `capabilities show`."""
    verify = section.verify
    return {
        **summary(section),
        "description": section.description,
        "aliases": list(section.aliases),
        "examples": list(section.examples),
        "body": list(_templates(section.body)),
        "preview": list(_templates(section.preview.body)) if section.preview else [],
        "compare": section.preview.compare if section.preview else "",
        "verify": list(_templates(verify.body)) if verify else [],
        "expect": verify.expect if verify else None,
        "within": verify.within if verify else 0.0,
        "rollback": list(_templates(section.rollback)),
        "irreversible": section.irreversible,
        "idempotent": section.idempotent,
        "exits": list(section.exits),
        "returns": [asdict(each) for each in section.returns],
        "alerts": list(section.alerts),
        "source": section.source,
        "line": section.line,
        "hash": section.hash,
    }


def page(section: Section) -> Iterator[str]:
    """The lines of `capabilities show` for people."""
    yield f"{section.id}: {section.title}"
    yield f"risk {section.risk}, level {section.level}, {section.source}:{section.line}"
    for each in section.slots:
        whence = "from the agent" if each.from_agent else each.rule
        yield f"  {{{each.name}}} {each.type} {whence} e.g. {each.example}"
    yield from _templates(section.body)
    for name, lines in (
        ("preview", section.preview.body if section.preview else ()),
        ("verify", section.verify.body if section.verify else ()),
        ("rollback", section.rollback),
    ):
        if lines:
            yield f"{name}:"
            yield from (f"  {line}" for line in _templates(lines))


def _templates(templates: Iterable[Template]) -> Iterator[str]:
    for template in templates:
        match template:
            case ExecTemplate():
                yield " | ".join(
                    " ".join(_word(word) for word in stage) for stage in template.stages
                )
            case WriteTemplate():
                yield f"write {_word(template.path)}:\n{_pieces(template.content)}".rstrip()
            case HumanTemplate():
                yield f"ask a person: {_pieces(template.text)}"
            case _:
                assert_never(template)


def _word(word: Word) -> str:
    name = word.pieces[0].slot if word.pieces else None
    match word.form:
        case "list":
            return f"{{{name}...}}"
        case "flag":
            return f"{{{name}?{word.flag}}}"
        case "flag=":
            return f"{{{name}?{word.flag}=}}"
        case "one":
            return (
                _pieces(word.pieces)
                if any(piece.slot for piece in word.pieces)
                else shlex.quote(_pieces(word.pieces))
            )


def _pieces(pieces: Iterable[Piece]) -> str:
    return "".join(f"{{{piece.slot}}}" if piece.slot else piece.text for piece in pieces)


def refused(refusal: Refusal) -> dict[str, Any]:
    """A refusal of `render`."""
    return {"refused": {"slot": refusal.slot, "rule": refusal.rule, "why": refusal.why}}


def answer(rendered: Rendered) -> dict[str, Any]:
    """What `render` answers: every argv, which of them are piped together, every file written. `human` only where
    there are words for a person."""
    argv: list[list[str]] = []
    pipes: list[list[int]] = []
    for action in rendered.actions:
        if isinstance(action, Exec):
            first = len(argv)
            argv += [list(stage) for stage in action.stages]
            pipes += [[index, index + 1] for index in range(first, len(argv) - 1)]
    writes = [
        {"path": each.path, "content": each.content}
        for each in rendered.actions
        if isinstance(each, Write)
    ]
    asks = [each.text for each in rendered.actions if isinstance(each, Ask)]
    found: dict[str, Any] = {"argv": argv, "pipes": pipes, "writes": writes}
    return {**found, "human": asks} if asks else found


def answer_lines(answer: dict[str, Any]) -> Iterator[str]:
    """An answer of `render` for people."""
    piped = {second for _, second in answer["pipes"]}
    for index, argv in enumerate(answer["argv"]):
        yield f"{'  | ' if index in piped else ''}{shlex.join(argv)}"
    for write in answer["writes"]:
        yield f"write {write['path']}:"
        yield write["content"].rstrip("\n")
    yield from (f"ask a person: {text}" for text in answer.get("human", ()))


def trouble(problem: Problem) -> dict[str, Any]:
    """One object of `capabilities lint`."""
    return asdict(problem)
