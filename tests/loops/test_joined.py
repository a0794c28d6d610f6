"""The lines of an answer are joined before it is shown. So they are while it grows, and then it is masked."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.house import House
from bot.model.events import Message
from bot.model.llm import Said
from bot.model.people import Account, Conversation
from bot.redact import MASK, SecretRedactor
from bot.store import turns
from tests.loops.conftest import Quick, dispatching
from tests.loops.test_deliver import Taking
from tests.servers.scripted_model import Pick, ScriptedModel

PATIENCE = 30
"""Seconds after which what this test waits for does not come any more."""
HERE = Conversation("console", "room", "t1")
BEFORE = (Said("user", "Hello."), Said("assistant", "Hello."))
HELD = "correct horse battery staple"
RECOVERY = "EsTx abcd efgh ijkm nopq rstu vwxy zabc defg hijk mnop qrst"


def reports(chat: Taking) -> list[str]:
    return [each.report.text for each in chat.got if each.report]


@pytest.mark.parametrize(
    ("before", "secret", "part"),
    [
        ("The password is\n", "hunter27x", "hunter"),
        ("It is ", HELD.replace("horse ", "horse\n"), "horse"),
        ("Its key is ", RECOVERY.replace("rstu ", "rstu\n"), "abcd"),
    ],
)
async def test_a_secret_that_goes_over_two_lines_is_not_seen(
    thinking: House, model: ScriptedModel, tmp_path: Path, before: str, secret: str, part: str
) -> None:
    answer = f"{before}{secret} there. So go on with it, and look."
    model.says(Pick("tell_the_person", {"answer": answer}), halts=("go on with it, ",))
    chat = Taking()
    house = replace(thinking, clock=Quick(), redactor=SecretRedactor([HELD]))
    words, now = "what do you think of all that feels so strange?", house.clock.now()
    event = Message("m1", HERE, Account("console", "alice"), words, now, True)
    # Only where something was said before is there anything to be told in words.
    await house.store.write(lambda c: turns.add(c, HERE, "alice", BEFORE, now))
    async with (
        asyncio.timeout(PATIENCE),
        dispatching(house, tmp_path, {"console": chat}) as dispatch,
    ):
        await dispatch.hear("console", [event], "c1")
        while not reports(chat):
            await house.bus.wait("noted", 0.05)
        model.go()
        while "and look." not in reports(chat)[-1]:
            await house.bus.wait("noted", 0.05)
    begun = " ".join(before.split())
    assert reports(chat)[0] == f"{begun} {MASK} there. So go on with …"
    assert reports(chat)[-1] == f"{begun} {MASK} there. So go on with it, and look."
    assert not [text for text in reports(chat) if part in text]
