"""Open questions: a draft that misses a slot, several agents that fit, a run in doubt, a step for a person."""

from typing import Any, Literal

from msgspec import Struct, field

from bot.model.people import Conversation
from bot.model.plans import Draft

QuestionKind = Literal["slot", "agent", "section", "in_doubt", "human", "wanted", "words"]


class Question(Struct, frozen=True):
    """Asked in a thread, answered there by one of `choices` or, where there are none, in free words. The answer to `words` is a
    further turn of the conversation, and the request is planned anew with it.

    `request` and `draft` carry what is known so far; `slot` is what an answer fills; `plan`, `run`, `attempt`
    name what an in-doubt or human question is about; `about` is shown to machines (`step`, `argv`).
    `requesters` are everyone whose words are in the draft; `spoken` is as in `Plan`; `note` stands below the question.
    """

    id: str
    kind: QuestionKind
    conversation: Conversation
    text: str
    choices: tuple[str, ...] = ()
    request: str = ""
    draft: Draft | None = None
    slot: str = ""
    requesters: tuple[str, ...] = ()
    plan: str = ""
    run: str = ""
    attempt: str = ""
    about: dict[str, Any] = field(default_factory=dict)
    spoken: bool = False
    note: str = ""
