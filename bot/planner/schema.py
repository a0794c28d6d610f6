"""JSON Schema of what tools take. Used by whoever offers tools to a model."""

from collections.abc import Iterable, Mapping
from typing import Any

from bot.model.llm import Json


def object_of(properties: Mapping[str, Any], required: Iterable[str]) -> Json:
    """The schema of an object with these properties and no others."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }
