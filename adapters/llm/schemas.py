"""Tools as providers take them strictly, and back. Used by `adapters.llm.*.shape` and `adapters.llm.answer`. Pure.

A prompt's tools have optional properties. One provider takes a few of them, the other none: there they may be null instead.
Rules that providers drop or refuse, such as patterns and ranges, are left out: what comes back is checked by the planner.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.model.errors import PermanentError
from bot.model.llm import Json

_KEPT = ("type", "description", "enum", "const")
_NULL = {"type": "null"}


def strict(schema: Json, *, nullable: bool) -> dict[str, Any]:
    """A schema that takes what it names and nothing else. With `nullable` every property is required, and the optional ones may be
    null. Raises PermanentError for a schema that refers to others."""
    if "$ref" in schema or "$defs" in schema:
        what = "A tool's schema refers to another one, which no provider takes strictly."
        raise PermanentError(what, "Write it out.", reason="schema")
    found: dict[str, Any] = {name: schema[name] for name in _KEPT if name in schema}
    if "anyOf" in schema:
        found["anyOf"] = [strict(each, nullable=nullable) for each in schema["anyOf"]]
    if "items" in schema:
        found["items"] = strict(schema["items"], nullable=nullable)
    if schema.get("type") == "object":
        found |= _object(schema, nullable)
    return found


def _object(schema: Json, nullable: bool) -> dict[str, Any]:
    properties: Mapping[str, Json] = schema.get("properties", {})
    required = [name for name in schema.get("required", []) if name in properties]
    made = {name: strict(each, nullable=nullable) for name, each in properties.items()}
    if nullable:
        made = {name: each if name in required else _or_null(each) for name, each in made.items()}
        required = list(made)
    return {"properties": made, "required": required, "additionalProperties": False}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The same, or null."""
    kind = schema.get("type")
    if isinstance(kind, str) and kind != "object":
        enum = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
        return {**schema, "type": [kind, "null"], **enum}
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], _NULL]}
    return {"anyOf": [schema, _NULL]}


def optional(schema: Json) -> int:
    """How many properties may be left out, at every level."""
    own = len(schema.get("properties", {}).keys() - set(schema.get("required", [])))
    return own + sum(optional(each) for each in _inner(schema))


def unions(schema: Json) -> int:
    """How many places take one of several types, at every level."""
    own = "anyOf" in schema or isinstance(schema.get("type"), list)
    return int(own) + sum(unions(each) for each in _inner(schema))


def _inner(schema: Json) -> Iterator[Json]:
    yield from schema.get("properties", {}).values()
    yield from schema.get("anyOf", ())
    if "items" in schema:
        yield schema["items"]


def without_nulls(value: Any, schema: Json) -> Any:
    """What a model answered, without the optional properties that it answered with null."""
    if isinstance(value, list):
        return [without_nulls(each, schema.get("items", {})) for each in value]
    if not isinstance(value, dict):
        return value
    properties, required = schema.get("properties", {}), schema.get("required", ())
    return {
        name: without_nulls(each, properties.get(name, {}))
        for name, each in value.items()
        if each is not None or name in required or name not in properties
    }
