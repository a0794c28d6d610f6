"""What a language model is asked, and what it answers. Prompts are made by `bot.planner`; `adapters.llm` speaks them.

Everything in a `Reply` is data from outside: nothing in it has been checked.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Literal, Protocol

from msgspec import Struct

Json = Mapping[str, Any]

End = Literal["picked", "said", "refused", "cut"]
"""Why a model stopped: it picked tools, it said all it wanted, it would not answer, or its words were cut off."""

SENTENCE = 400
"""Characters of a model's own sentence that people are shown."""


class Tool(Struct, frozen=True):
    """Something that a model may pick. `name` is 1 to 64 of a-z A-Z 0-9 _ -. `parameters` is a JSON Schema object whose
    `required` may leave properties out, without recursion; an adapter bends it to what its provider takes strictly, and an
    optional property that a model answers with null is left out of `Call.arguments`. `says` is the property, if any, whose text
    people may read while it is still being written."""

    name: str
    description: str
    parameters: Json
    says: str = ""


class Call(Struct, frozen=True):
    """A tool picked. `id` is the provider's. `arguments` is None where they could not be read as a JSON object."""

    id: str
    tool: str
    arguments: Json | None


class Said(Struct, frozen=True):
    """Words of a person (`user`) or of the model."""

    role: Literal["user", "assistant"]
    text: str


class Picked(Struct, frozen=True):
    """An earlier answer of the model that picked tools."""

    text: str
    calls: tuple[Call, ...]


class Returned(Struct, frozen=True):
    """What the picks of the `Picked` before it came to: (call id, words, whether it is an error), one for each."""

    results: tuple[tuple[str, str, bool], ...]


Turn = Said | Picked | Returned


class Prompt(Struct, frozen=True):
    """One question. `system` and `tools` come first and stay the same, so that a provider may keep them; `tools` are sorted by
    name. `must_pick`: words alone are no answer. `several`: more than one tool may be picked at once. `longest` is in tokens of
    the answer."""

    system: str
    tools: tuple[Tool, ...]
    turns: tuple[Turn, ...]
    must_pick: bool = False
    several: bool = True
    longest: int = 2_000


class Usage(Struct, frozen=True):
    """Tokens: read anew, read from the provider's memory, written. `dollars` is None where the price is not known; a model at
    home costs 0."""

    fresh: int = 0
    kept: int = 0
    written: int = 0
    dollars: float | None = 0.0


class Reply(Struct, frozen=True):
    """A whole answer. `model` is the one that answered."""

    text: str
    calls: tuple[Call, ...]
    end: End
    usage: Usage = Usage()
    model: str = ""


class Piece(Struct, frozen=True):
    """A part of an answer on its way: of its words, or, where `tool` is the name of one that says something, of the JSON text of
    that pick's arguments. An empty text is the beginning of a pick: what came of an earlier one counts no more."""

    text: str
    tool: str = ""


class Model(Protocol):
    """One model at one provider."""

    def reply(self, prompt: Prompt) -> AsyncIterator[Piece | Reply]:
        """The answer piece by piece as it comes, then the whole, once. Raises TemporaryError, PermanentError."""
        ...

    async def close(self) -> None: ...
