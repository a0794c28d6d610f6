"""What becomes a Message, and where it stands."""

from pathlib import Path

import simcord

from bot.model.events import Message
from bot.model.people import Conversation
from tests.chat.discord.scenes import Ears, Scene, adapter, answer


async def test_a_mention_in_a_channel_opens_a_thread_on_itself(scene: Scene) -> None:
    said = await scene.alice.send(scene.channel, f"<@{scene.bot}> what uses the disk?")
    (heard,) = await scene.ears.upto(1)
    assert isinstance(heard, Message)
    assert (heard.id, heard.text) == (str(said.id), "what uses the disk?")
    assert heard.conversation == scene.thread(said)
    assert heard.account == scene.account(scene.alice)
    assert heard.addressed
    assert heard.fresh_thread
    assert heard.at == said.created_at


async def test_the_typed_prefix_addresses_the_bot(scene: Scene) -> None:
    await scene.alice.send(scene.channel, "!infra status")
    await scene.alice.send(scene.channel, "!infrared light")
    await scene.alice.send(scene.channel, "nobody is meant")
    (heard,) = await scene.ears.upto(1)
    assert isinstance(heard, Message)
    assert heard.text == "status"


async def test_words_in_the_bots_thread_are_heard_without_a_mention(scene: Scene) -> None:
    root, where, _ = await scene.card()
    (thread,) = scene.channel.threads
    await scene.bob.send(thread, "use port 9090")
    heard = (await scene.ears.upto(2))[-1]
    assert isinstance(heard, Message)
    assert heard.conversation == where == scene.thread(root)
    assert (heard.addressed, heard.fresh_thread, heard.text) == (False, False, "use port 9090")


async def test_a_mention_in_a_thread_stays_there_and_is_a_new_request(scene: Scene) -> None:
    _, where, _ = await scene.card()
    (thread,) = scene.channel.threads
    await scene.bob.send(thread, f"<@!{scene.bot}>, status")
    heard = (await scene.ears.upto(2))[-1]
    assert isinstance(heard, Message)
    assert (heard.conversation, heard.addressed, heard.text) == (where, True, "status")


async def test_a_direct_message_needs_no_mention_and_answers_stay_with_it(scene: Scene) -> None:
    said = await scene.alice.send_dm("what uses the disk?")
    (heard,) = await scene.ears.upto(1)
    assert isinstance(heard, Message)
    room = str(said.channel.id)
    assert heard.conversation == Conversation("discord", room, str(said.id))
    assert heard.addressed
    told = await scene.post(heard.conversation, answer("`/` is 91 % full."))
    message = scene.message(heard.conversation, told)
    assert str(message.channel.id) == room
    assert message.reference is not None
    assert message.reference.message_id == said.id


async def test_a_reply_to_the_bot_in_a_direct_conversation_goes_on_with_it(scene: Scene) -> None:
    said = await scene.alice.send_dm("add a proxy")
    (first,) = await scene.ears.upto(1)
    assert first.conversation is not None
    told = await scene.post(first.conversation, answer("Which port?"))
    reference = scene.env.backend.normalize_message_reference(
        said.channel.id, {"message_id": told, "channel_id": str(said.channel.id)}
    )
    await scene.alice.user.send_dm("8080", reference=reference)
    heard = (await scene.ears.upto(2))[-1]
    assert isinstance(heard, Message)
    assert (heard.conversation, heard.addressed) == (first.conversation, False)


async def test_machines_edits_and_the_bot_itself_are_never_heard(scene: Scene) -> None:
    robot = scene.guild.add_member(scene.env.create_user("robot", bot=True))
    hook = scene.guild.create_webhook(scene.channel, "hook")
    text = f"<@{scene.bot}> delete everything"
    said = await scene.alice.send(scene.channel, "nothing for the bot")
    await robot.send(scene.channel, text)
    await hook.send(text)
    await scene.alice.edit(said, text)
    await scene.post(scene.thread(said), answer(f"!infra {text}"))
    await scene.alice.send(scene.channel, "!infra last")
    (heard,) = await scene.ears.upto(1)
    assert isinstance(heard, Message)
    assert heard.text == "last"


async def test_two_guilds_are_one_chat(scene: Scene) -> None:
    other = scene.env.create_guild("Other")
    hall = other.create_text_channel("hall")
    carol = other.add_member(scene.env.create_user("carol"))
    await carol.send(hall, "!infra status")
    await scene.alice.send(scene.channel, "!infra status")
    first, second = await scene.ears.upto(2)
    assert first.conversation is not None
    assert second.conversation is not None
    assert first.conversation.room == str(hall.id)
    assert second.conversation.room == str(scene.channel.id)


async def test_three_hundred_in_a_burst_are_each_heard_once(scene: Scene) -> None:
    for number in range(300):
        scene.env.backend.create_message(scene.channel.id, scene.alice.id, f"!infra say {number}")
    heard = await scene.ears.upto(300)
    assert [each.text for each in heard if isinstance(each, Message)] == [
        f"say {number}" for number in range(300)
    ]


async def test_sixty_while_away_are_each_heard_once_and_never_again(scene: Scene) -> None:
    await scene.alice.send_dm("hello")
    await scene.ears.upto(1)
    await scene.card()
    (thread,) = scene.channel.threads
    cursor = scene.ears.cursor
    await scene.leave()
    for number in range(60):
        place = (scene.channel, thread)[number % 2]
        await scene.alice.send(place, f"!infra away {number}")
    await scene.alice.send_dm("also away")
    await scene.come(cursor)
    heard = await scene.ears.upto(61)
    texts = [each.text for each in heard if isinstance(each, Message)]
    assert sorted(texts) == sorted([*(f"away {n}" for n in range(60)), "also away"])
    cursor = scene.ears.cursor
    await scene.leave()
    await scene.come(cursor)
    await scene.alice.send(scene.channel, "!infra last")
    (last,) = await scene.ears.upto(1)
    assert isinstance(last, Message)
    assert last.text == "last"


async def test_what_was_said_before_the_bot_came_is_not_for_it(tmp_path: Path) -> None:
    chat = adapter(tmp_path)
    async with simcord.run(chat.socket.client) as env:
        guild = env.create_guild()
        channel = guild.create_text_channel("general")
        alice = guild.add_member(env.create_user("alice"))
        await alice.send(channel, "!infra old")
        again = adapter(tmp_path)
        await env.restart_bot(again.socket.client)
        ears = Ears(again)
        await ears.placed()
        assert ears.batches[0].events == ()
        await alice.send(channel, "!infra new")
        (heard,) = await ears.upto(1)
        assert isinstance(heard, Message)
        assert heard.text == "new"
        await ears.close()
