"""Which slot may stand where. Called by `compile` for every template, once the slots' types are known."""

from collections.abc import Mapping
from typing import assert_never

from bot.model.sections import (
    ExecTemplate,
    HumanTemplate,
    Piece,
    Slot,
    Template,
    Word,
    WriteTemplate,
)
from capabilities.problems import Broken
from capabilities.types import LIST, joins


def names(template: Template) -> list[str]:
    """The slots of a template, in order, each once."""
    found = [piece.slot for piece in _pieces(template) if piece.slot is not None]
    return list(dict.fromkeys(found))


def needed(template: Template) -> set[str]:
    """The slots that a template cannot do without: those outside `{name?--flag}`."""
    if not isinstance(template, ExecTemplate):
        return set(names(template))
    words = [word for stage in template.stages for word in stage if word.form in {"one", "list"}]
    return {piece.slot for word in words for piece in word.pieces if piece.slot}


def _pieces(template: Template) -> list[Piece]:
    match template:
        case ExecTemplate():
            return [piece for stage in template.stages for word in stage for piece in word.pieces]
        case WriteTemplate():
            return [*template.path.pieces, *template.content]
        case HumanTemplate():
            return list(template.text)
        case _:
            assert_never(template)


def check(templates: tuple[Template, ...], slots: Mapping[str, Slot], encode: str | None) -> None:
    """Refuse a type where its alphabet does not fit. Raises Broken with the template's line."""
    for template in templates:
        match template:
            case ExecTemplate():
                for stage in template.stages:
                    _stage(stage, template.line, slots)
            case WriteTemplate():
                _write(template, slots, encode)
            case HumanTemplate():
                _present(
                    [slots[piece.slot] for piece in template.text if piece.slot], template.line
                )
            case _:
                assert_never(template)


def _stage(stage: tuple[Word, ...], line: int, slots: Mapping[str, Slot]) -> None:
    operands = False
    for word in stage:
        found = [slots[piece.slot] for piece in word.pieces if piece.slot]
        if word.form == "one":
            _present(found, line)
            _lists(found, line)
        if word.form == "list" and found[0].type != LIST:
            raise Broken(
                line,
                f"{{{found[0].name}...}} is no list.",
                "Give it the type 'list of …', or write it without dots.",
            )
        if word.form in {"flag", "flag="}:
            _lists(found, line)
        if len(word.pieces) > 1 or word.form == "flag=":
            _joined(found, line, "inside a word")
        if not operands and any(_own(slot) == "text" for slot in found):
            raise Broken(
                line, f"The text {found[0].name} stands before '--'.", "Put '--' before it."
            )
        operands = operands or word.pieces == (Piece("--"),)


def _own(slot: Slot) -> str:
    return slot.item or "name" if slot.type == LIST else slot.type


def _write(template: WriteTemplate, slots: Mapping[str, Slot], encode: str | None) -> None:
    path = [slots[piece.slot] for piece in template.path.pieces if piece.slot]
    first = template.path.pieces[0] if template.path.pieces else Piece()
    rooted = slots[first.slot].type == "path" if first.slot else first.text.startswith("/")
    if template.path.form != "one" or not rooted:
        raise Broken(
            template.line,
            "The file to write has no absolute path.",
            "Begin it with '/' or a slot of type path.",
        )
    _present(path, template.line)
    _lists(path, template.line)
    _joined(path, template.line, "in a file's path")
    content = [slots[piece.slot] for piece in template.content if piece.slot]
    _present(content, template.line)
    _lists(content, template.line)
    if any(slot.type == "secret" for slot in content):
        raise Broken(
            template.line,
            "A secret stands in a file's content.",
            "Give it to a program as a word of its own.",
        )
    if encode is None:
        _joined(content, template.line, "in a heredoc")


def _joined(found: list[Slot], line: int, where: str) -> None:
    for slot in found:
        if not joins(slot):
            mend = (
                "Name an encoder ('- Encode: json')."
                if where == "in a heredoc"
                else "Let it stand alone."
            )
            raise Broken(
                line,
                f"{slot.name}, a {slot.type}, stands {where}.",
                f"{mend} Or use a narrower type.",
            )


def _lists(found: list[Slot], line: int) -> None:
    for slot in found:
        if slot.type == LIST:
            raise Broken(
                line, f"{slot.name} is a list.", f"Write {{{slot.name}...}} as a word of its own."
            )


def _present(found: list[Slot], line: int) -> None:
    """A slot that may be missing needs a form that may be left out."""
    for slot in found:
        if not slot.required and slot.default is None and not slot.from_agent:
            raise Broken(
                line,
                f"{slot.name} is optional but always needed here.",
                f"Write {{{slot.name}?--flag}}, or give it a default.",
            )
