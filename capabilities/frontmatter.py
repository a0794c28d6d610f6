"""The front matter of a page: the Agent Skills standard. Called by `parse`; the pack's name and description flow on."""

import re
from typing import Any

import yaml
from msgspec import Struct

from capabilities.problems import Broken, Problem

NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
FIELDS = frozenset({"name", "description", "license", "compatibility", "metadata", "allowed-tools"})
OURS = frozenset({"parley-format", "parley-privacy"})
PRIVACY = ("any", "local")
"""Which models may hear of a pack: any, or those at home only."""
FORMAT = "1"
LIMIT = 8192
"""Characters. The standard's own limits add up to less."""


class FrontMatter(Struct, frozen=True):
    """What the first lines say. `length` is the number of lines they take, fences included; `private` is true where only a
    model at home may hear of the pack."""

    name: str
    description: str
    length: int
    private: bool
    warnings: tuple[Problem, ...] = ()


def read(text: str, file: str) -> FrontMatter | None:
    """The front matter, None for a bare page. Raises Broken when there is one that cannot be used."""
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return None
    end = next(
        (number for number, line in enumerate(lines[1:200], 1) if line.rstrip() == "---"), None
    )
    if end is None:
        raise Broken(1, "The front matter has no end.", "Close it with a line of three dashes.")
    fields = _load("\n".join(lines[1:end]))
    name = _text(fields, "name", 64)
    if not NAME.fullmatch(name):
        raise Broken(
            1, f"The name {name!r} is not allowed.", "Use a-z, 0-9 and single dashes, at most 64."
        )
    warnings = tuple(Problem(file, 1, what, mend, "warning") for what, mend in _oddities(fields))
    description = _text(fields, "description", 1024)
    return FrontMatter(name, description, end + 1, _private(fields), warnings)


def _load(text: str) -> dict[str, Any]:
    if len(text) > LIMIT:
        raise Broken(1, f"The front matter has more than {LIMIT} characters.", "Make it shorter.")
    try:
        # The loader in Python, not libyaml's: that one overruns the stack on deep nesting.
        loaded = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = 2 + (mark.line if mark else 0)
        problem = getattr(error, "problem", None) or "not readable"
        raise Broken(
            line,
            f"The front matter is no YAML: {problem}.",
            "Mend it; quote text that has ': ' in it.",
        ) from None
    if not isinstance(loaded, dict):
        raise Broken(
            1,
            "The front matter is no table of keys and values.",
            "Write 'name: …' and 'description: …'.",
        )
    return loaded


def _private(fields: dict[str, Any]) -> bool:
    """What cannot be read is private: a slip must not tell a cloud."""
    metadata = fields.get("metadata")
    told = metadata.get("parley-privacy", "any") if isinstance(metadata, dict) else "any"
    return told != "any"


def _text(fields: dict[str, Any], key: str, limit: int) -> str:
    value = fields.get(key)
    if not isinstance(value, str) or not value.strip() or len(value) > limit:
        raise Broken(
            1,
            f"The front matter needs a {key} of 1 to {limit} characters.",
            f"Add '{key}: …', in quotes.",
        )
    return value.strip()


def _oddities(fields: dict[str, Any]) -> list[tuple[str, str]]:
    odd = [
        (f"The front matter has the unknown key {key!r}.", f"Known: {', '.join(sorted(FIELDS))}.")
        for key in fields
        if key not in FIELDS
    ]
    metadata = fields.get("metadata", {})
    if not isinstance(metadata, dict) or not all(
        isinstance(value, str) for value in metadata.values()
    ):
        return [*odd, ("The metadata is not flat text.", "Write each value in quotes.")]
    ours = [str(key) for key in metadata if str(key).startswith("parley-")]
    odd += [
        (f"The metadata key {key!r} is not known.", "Remove it.") for key in ours if key not in OURS
    ]
    if metadata.get("parley-format", FORMAT) != FORMAT:
        odd.append(
            (f"parley-format is {metadata['parley-format']!r}.", f"This version reads {FORMAT!r}.")
        )
    if metadata.get("parley-privacy", PRIVACY[0]) not in PRIVACY:
        odd.append(
            (
                f"parley-privacy is {metadata['parley-privacy']!r}, and taken as 'local'.",
                f"Write one of {', '.join(PRIVACY)}.",
            )
        )
    return odd
