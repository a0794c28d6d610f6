"""On a real Synapse: messages that somebody redacted, rooms that the bot was put out of, that moved on, or in which it may not
write. Each is told once, with the mend, whether it happened while the bot listened or while it was away."""

from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.chat.matrix import closing
from bot.model.errors import PermanentError
from bot.model.events import Message
from tests.chat.matrix.scenes import VOTES, Scene, card, joined, outgoing
from tests.chat.matrix.secrecy import Secret
from tests.servers.matrix_driver import Driver

Deed = Callable[[Driver, Scene], Awaitable[object]]


async def put_out(alice: Driver, scene: Scene) -> None:
    await alice.remove(scene.room, scene.bot, "tidying up")


async def ban(alice: Driver, scene: Scene) -> None:
    await alice.remove(scene.room, scene.bot, ban=True)


async def leave(_: Driver, scene: Scene) -> None:
    """Somebody with the bot's own login does."""
    user = scene.bench.user
    async with Driver(scene.bench.synapse.url, user.id, user.token) as own:
        await own.leave(scene.room)


async def upgrade(alice: Driver, scene: Scene) -> None:
    await alice.upgrade(scene.room)


DEEDS = [
    (put_out, "removed me from the room (tidying up). Invite me again."),
    (ban, "banned me from the room. Lift the ban and invite me again."),
    (leave, "I am no longer in the room. Invite me again."),
    (upgrade, "The room was upgraded and goes on in !"),
]


@pytest.mark.parametrize(("deed", "words"), DEEDS)
@pytest.mark.parametrize("away", [False, True])
async def test_a_room_that_is_closed_is_told(
    scene: Scene, alice: Driver, deed: Deed, words: str, away: bool
) -> None:
    ears = scene.ears
    if away:
        cursor = await ears.stop()
        await deed(alice, scene)
        ears = scene.bench.hear(scene.bench.chat(), cursor)
    else:
        await deed(alice, scene)
    await ears.until(lambda _: bool(ears.closed))
    ((room, why),) = ears.closed
    assert room == scene.room
    assert words in why


async def test_what_was_said_before_the_bot_was_put_out_is_heard(
    scene: Scene, alice: Driver
) -> None:
    cursor = await scene.ears.stop()
    said = [await alice.say(scene.room, f"infra: {number}") for number in range(120)]
    await alice.remove(scene.room, scene.bot)
    ears = scene.bench.hear(scene.bench.chat(), cursor)
    events = await ears.until(lambda _: bool(ears.closed))
    assert [event.id for event in events if isinstance(event, Message)] == said


async def test_others_who_go_close_nothing(scene: Scene, alice: Driver, bob: Driver) -> None:
    await alice.invite(scene.room, bob.user)
    await bob.join(scene.room)
    await alice.remove(scene.room, bob.user)
    await alice.say(scene.room, "infra: here still")
    await scene.ears.until(lambda events: len(events) == 1)
    assert scene.ears.closed == []


def test_only_the_state_of_a_room_says_that_it_moved() -> None:
    said = {"body": "moved", "replacement_room": "!elsewhere:hs.test"}
    event = {"type": "m.room.tombstone", "content": said}
    assert closing.upgraded(event) == ""
    assert closing.upgraded(event | {"state_key": "x"}) == ""
    assert "!elsewhere:hs.test" in closing.upgraded(event | {"state_key": ""})
    assert "closed" in closing.upgraded(event | {"state_key": "", "content": {"body": "over"}})


async def test_an_invitation_that_is_taken_back_closes_nothing(scene: Scene, alice: Driver) -> None:
    cursor = await scene.ears.stop()
    other = await alice.create(scene.bot)
    await alice.remove(other, scene.bot)
    ears = scene.bench.hear(scene.bench.chat(), cursor)
    await alice.say(scene.room, "infra: here still")
    await ears.until(lambda events: len(events) == 1)
    assert ears.closed == []


async def test_an_upgrade_is_followed_where_the_bot_is_invited(scene: Scene, alice: Driver) -> None:
    fresh = await alice.upgrade(scene.room)
    await scene.ears.until(lambda _: bool(scene.ears.closed))
    assert fresh in scene.ears.closed[0][1]
    members = await alice.request("GET", "rooms", fresh, "joined_members")
    assert scene.bot not in members["joined"]
    await alice.invite(fresh, scene.bot)
    await joined(alice, fresh, scene.bot)


async def test_a_message_of_the_bots_that_is_redacted_is_told(scene: Scene, alice: Driver) -> None:
    """People's own messages and reactions are their own affair, and so is what the bot takes back itself."""
    root = await alice.say(scene.room, "infra: plan")
    reference = await scene.chat.send(scene.post("k1", card("Plan", controls=VOTES), root))
    await alice.react(scene.room, reference, "✅")
    await alice.unreact(scene.room, reference, "✅")
    edit = outgoing("k2", "edit", scene.room, root, report=card("Plan"), message=reference)
    await scene.chat.send(edit)  # takes its own reactions off
    other = await alice.say(scene.room, "never mind")
    await alice.redact(scene.room, other)
    await alice.redact(scene.room, reference)
    await scene.ears.until(lambda _: bool(scene.ears.gone))
    await alice.say(scene.room, "infra: the end")
    await scene.ears.until(lambda events: isinstance(events[-1], Message))
    assert scene.ears.gone == [reference]


async def test_a_message_that_is_redacted_while_the_bot_is_away(
    scene: Scene, alice: Driver
) -> None:
    reference = await scene.chat.send(scene.post("k1", card("Plan", controls=VOTES), ""))
    await alice.say(scene.room, "infra: the end")
    await scene.ears.until(lambda events: len(events) == 1)
    cursor = await scene.ears.stop()
    await alice.redact(scene.room, reference)
    for number in range(150):  # more than one answer holds
        await alice.say(scene.room, f"and {number}")
    ears = scene.bench.hear(scene.bench.chat(), cursor)
    await ears.until(lambda _: bool(ears.gone))
    assert ears.gone == [reference]


async def test_an_encrypted_message_that_is_redacted_is_told(secret: Secret) -> None:
    reference = await secret.chat.send(
        outgoing("k1", "post", secret.room, "", report=card("Plan", controls=VOTES))
    )
    await secret.carol.redact(secret.room, reference)
    await secret.ears.until(lambda _: bool(secret.ears.gone))
    assert secret.ears.gone == [reference]


async def mute(alice: Driver, scene: Scene) -> None:
    levels = await alice.request("GET", "rooms", scene.room, "state", "m.room.power_levels")
    await alice.put_state(scene.room, "m.room.power_levels", levels | {"events_default": 50})


@pytest.mark.parametrize(
    ("deed", "what", "mend"),
    [
        (mute, "power level is too low", "the power level that messages need"),
        (put_out, "I am not in the room", "Invite me again"),
        (ban, "I am not in the room", "Invite me again"),
        (upgrade, "goes on in !", "Invite me there"),
    ],
)
async def test_why_a_room_takes_nothing(
    scene: Scene, alice: Driver, deed: Deed, what: str, mend: str
) -> None:
    """New messages and edits of old ones; the other rooms go on."""
    reference = await scene.chat.send(scene.post("k1", card("Plan", controls=VOTES), ""))
    await deed(alice, scene)
    edit = outgoing("k2", "edit", scene.room, "", report=card("Plan"), message=reference)
    for refused in (scene.post("k3", card("more"), ""), edit):
        with pytest.raises(PermanentError, match=what) as caught:
            await scene.chat.send(refused)
        assert caught.value.reason == "M_FORBIDDEN"
        assert mend in caught.value.mend
    other = await alice.create(scene.bot)
    await joined(alice, other, scene.bot)
    assert await scene.chat.send(outgoing("k4", "post", other, "", report=card("here")))


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["membership", "reason", "replacement_room", "prev_content"]), inner
        )
    ),
)


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["content", "sender", "unsigned"]), ANY).map(
            lambda event: event | {"type": "m.room.member", "state_key": "@infra:hs.test"}
        )
    ),
    ANY,
)
def test_any_event_gives_words_or_none(events: list[dict[str, object]], said: object) -> None:
    assert isinstance(closing.left(events, "@infra:hs.test"), str)
    event = {"type": "m.room.tombstone", "state_key": "", "content": said}
    assert isinstance(closing.upgraded(event), str)
