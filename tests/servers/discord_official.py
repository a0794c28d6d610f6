"""Discord's own description of its REST API: every request that a suite recorded is held against it."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

FILE = Path(__file__).parents[3] / "shared/data/discord/openapi.json"
_HOLE = re.compile(r"\{[^}]+\}")


def absent() -> str:
    """Why it cannot be checked against, "" when it can."""
    return "" if FILE.exists() else f"the official description is not there ({FILE.name})"


class Official:
    """The description, made strict: an object with a key that it does not name is wrong."""

    def __init__(self) -> None:
        self._whole = _strict(json.loads(FILE.read_text()))
        self._paths = [
            (re.compile(_HOLE.sub("[^/]+", re.sub(r"([.@])", r"\\\1", path)) + "$"), path)
            for path in self._whole["paths"]
        ]
        self._validators: dict[tuple[str, str], Draft202012Validator | None] = {}

    def wrong(
        self, method: str, path: str, body: Any, query: dict[str, Any] | None = None
    ) -> list[str]:
        """What is wrong with one request, a sentence each."""
        template = self._template(method.lower(), path)
        if not template:
            return [f"{method} {path} is no request of the API"]
        validator = self._validator(method.lower(), template)
        found = [] if validator is None else list(validator.iter_errors(body))
        said = [f"{method} {template}: {error.json_path} {error.message[:300]}" for error in found]
        if validator is None and body is not None:
            said.append(f"{method} {template} takes no body")
        unknown = set(query or {}) - self._parameters(method.lower(), template)
        return said + [f"{method} {template} has no parameter {name}" for name in sorted(unknown)]

    def _template(self, method: str, path: str) -> str:
        fitting = [
            template
            for pattern, template in self._paths
            if pattern.match(path) and method in self._whole["paths"][template]
        ]
        return min(fitting, key=lambda template: template.count("{"), default="")

    def _validator(self, method: str, template: str) -> Draft202012Validator | None:
        key = (method, template)
        if key not in self._validators:
            operation = self._whole["paths"][template][method]
            content = operation.get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema")
            whole = {"components": self._whole["components"], "allOf": [schema]}
            self._validators[key] = Draft202012Validator(whole) if schema else None
        return self._validators[key]

    def _parameters(self, method: str, template: str) -> set[str]:
        described = self._whole["paths"][template]
        given = described[method].get("parameters", []) + described.get("parameters", [])
        return {each["name"] for each in given if each.get("in") == "query"}


@cache
def official() -> Official:
    """The description, read once."""
    return Official()


def _strict(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _strict(value) for key, value in schema.items()}
    if isinstance(made.get("properties"), dict) and made.get("type") in (
        "object",
        ["object", "null"],
    ):
        made.setdefault("additionalProperties", False)
    return made
