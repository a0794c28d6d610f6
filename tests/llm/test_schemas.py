"""Any tool becomes a strict one, and what a model answers to it comes back as the tool said it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from adapters.llm.schemas import optional, strict, unions, without_nulls

LEAF = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "enum": ["a", "b"]},
        {"type": "integer", "minimum": 1, "maximum": 9},
        {"type": "string", "pattern": "^x"},
        {"type": "boolean", "description": "Whether."},
        {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        {"enum": ["only", "these"]},
    ]
)


def objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.lists(st.sampled_from("abcdef"), unique=True, max_size=4)

    def made(keys: list[str]) -> st.SearchStrategy[Any]:
        return st.builds(
            lambda values, required: {
                "type": "object",
                "properties": dict(zip(keys, values, strict=True)),
                "required": [key for key, wanted in zip(keys, required, strict=True) if wanted],
            },
            st.tuples(*[inner] * len(keys)),
            st.tuples(*[st.booleans()] * len(keys)),
        )

    return names.flatmap(made)


INNER = st.recursive(
    LEAF, lambda inner: objects(inner) | inner.map(lambda each: {"type": "array", "items": each})
)
SCHEMAS = objects(INNER)


def nodes(schema: Any) -> list[Any]:
    below = [*schema.get("properties", {}).values(), *schema.get("anyOf", ())]
    below += [schema["items"]] if "items" in schema else []
    return [schema, *(node for each in below for node in nodes(each))]


@given(SCHEMAS, st.booleans())
def test_every_object_is_strict(schema: Any, nullable: bool) -> None:
    made = strict(schema, nullable=nullable)
    Draft202012Validator.check_schema(made)
    for node in nodes(made):
        assert not {"pattern", "minimum", "maximum"} & node.keys()
        if "properties" in node:
            assert node["additionalProperties"] is False
            assert not nullable or set(node["required"]) == set(node["properties"])
    assert optional(made) == (0 if nullable else optional(schema))


def filled(schema: Any, *, nulls: bool) -> Any:
    """An answer that fits: required properties alone, the optional ones null or left out."""
    if schema.get("type") == "object":
        wanted = schema["required"]
        rest = {name: None for name in schema["properties"] if nulls and name not in wanted}
        known = {name: filled(schema["properties"][name], nulls=nulls) for name in wanted}
        return known | rest
    if schema.get("type") == "array":
        return [filled(schema["items"], nulls=nulls)]
    examples = {"string": "x1", "integer": 5, "boolean": True}
    return schema["enum"][0] if "enum" in schema else examples[schema.get("type", "string")]


@given(SCHEMAS)
def test_nulls_go_out_as_they_came_in(schema: Any) -> None:
    answered = filled(schema, nulls=True)
    Draft202012Validator(strict(schema, nullable=True)).validate(answered)
    assert without_nulls(answered, schema) == filled(schema, nulls=False)


def test_slots_of_several_types_are_counted_at_every_level() -> None:
    two = {"anyOf": [{"type": "string"}, {"type": ["integer", "null"]}]}
    schema = {"type": "object", "properties": {"a": {"type": "array", "items": two}, "b": two}}
    assert (unions(schema), optional(schema)) == (4, 2)


@pytest.mark.parametrize("value", [None, 1, "x", [None], {"a": {"b": None}}])
def test_without_a_schema_nothing_is_lost(value: Any) -> None:
    assert without_nulls(value, {}) == value
