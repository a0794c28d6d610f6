"""A question that is looked into: reads, one after another, until it can be answered. Begun by a message, carried out by
`bot.cases.investigate`."""

from msgspec import Struct

from bot.model.people import Account, Conversation


class Investigation(Struct, frozen=True):
    """`text` is the question without the words that address somebody, `agents` are the names of those it is for."""

    id: str
    conversation: Conversation
    account: Account
    person: str
    text: str
    agents: tuple[str, ...]
    spoken: bool = False
