"""A process around the console for the tests: it prints every event it hears and answers as told.

`hold N` words post a card, `question`, `run`, `done` and so on: see `_answer`. Arguments: face, person, impersonate.
"""

import asyncio
import sys
from pathlib import Path

from msgspec.structs import replace

from adapters.chat.console.settings import PLUGIN, Settings
from bot.clock import SystemClock
from bot.model.events import Event, Message, Reaction
from bot.model.people import Account
from bot.model.reports import Attachment, Control, Outgoing, Paragraph, Report

VOTES = (Control("approve", "✅", "approve"), Control("reject", "❌", "reject"))


def card(state: str, words: str = "nginx -t") -> Report:
    head = Paragraph(f"Plan 7f3a · {state}", "heading")
    plan = {"id": "0" * 28 + "7f3a", "revision": 1, "state": state}
    shown = (head, Paragraph(words, "code"), Paragraph("Needs `one` approval."))
    controls = VOTES if state == "pending" else ()
    files = (Attachment("site.conf", "server {}"),) if state == "pending" else ()
    return Report("plan", shown, "grey", controls, attachments=files, data={"plan": plan})


def _answer(event: Event, number: int) -> list[Outgoing]:
    """A plan asked for, a vote run to its end, a question answered; anything else is echoed."""
    if isinstance(event, Reaction):
        edit = Outgoing(
            f"e{number}", number, ROOM[event.message], "edit", card("running"), event.message
        )
        end = replace(edit, number=number + 1, report=card("done", "all done"))
        return [edit, end]
    assert isinstance(event, Message)
    post = Outgoing(f"k{number}", number, event.conversation, "post")
    if event.text.startswith("plan"):
        return [replace(post, report=card("pending"))]
    if event.text.startswith("ask"):
        asked = Report(
            "question",
            (Paragraph("Which port?"),),
            data={"question": {"id": "q", "choices": [], "about": {}}},
        )
        return [replace(post, report=asked)]
    words = f"heard {event.text!r} by {event.account.user} addressed={event.addressed}"
    alone = Account("console", "bob") if "secret" in event.text else None
    return [replace(post, report=Report("answer", (Paragraph(words),)), only_to=alone)]


ROOM = {}


async def main(face: str, person: str, impersonate: str) -> None:
    chat = PLUGIN.load()(
        "console",
        Settings(impersonate=impersonate == "yes"),
        "infra",
        Path.cwd(),
        SystemClock(),
        face=face,
        person=person,
    )
    number = 1
    async for batch in chat.listen(None):
        for event in batch.events:
            for outgoing in _answer(event, number):
                reference = await chat.send(outgoing)
                ROOM[reference] = outgoing.conversation
                number += 1


asyncio.run(main(*sys.argv[1:4]))
