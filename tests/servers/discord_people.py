"""What people take away in the fake Discord: messages, threads, channels, a server; what they archive and lock."""

from tests.servers.discord_fake import GUILD, FakeDiscord


async def delete(fake: FakeDiscord, channel: str, *messages: str, tell: bool = True) -> None:
    """Messages are deleted, several in one go. Without `tell` the gateway never speaks of it."""
    for each in messages:
        del fake.messages[channel][each]
    where = {"channel_id": channel} | fake.where(channel)
    if not tell:
        return
    if len(messages) == 1:
        await fake.emit("MESSAGE_DELETE", {"id": messages[0]} | where)
    else:
        await fake.emit("MESSAGE_DELETE_BULK", {"ids": list(messages)} | where)


async def delete_thread(fake: FakeDiscord, thread: str, *, tell: bool = True) -> None:
    """A thread is deleted with all that is in it."""
    gone = fake.channels.pop(thread)
    del fake.messages[thread]
    fields = ("id", "guild_id", "parent_id", "type")
    if tell:
        await fake.emit("THREAD_DELETE", {name: gone[name] for name in fields})


async def delete_channel(fake: FakeDiscord, channel: str) -> None:
    """A channel is deleted; Discord says nothing of its threads."""
    gone = fake.channels.pop(channel)
    del fake.messages[channel]
    for thread in [each for each in fake.channels.values() if each.get("parent_id") == channel]:
        del fake.channels[thread["id"]], fake.messages[thread["id"]]
    told = gone | {"position": 0, "permission_overwrites": []}
    await fake.emit("CHANNEL_DELETE", told)


async def remove_bot(fake: FakeDiscord, guild: str) -> None:
    """Somebody removes the bot from a server."""
    fake.guilds.remove(guild)
    await fake.emit("GUILD_DELETE", {"id": guild})


async def outage(fake: FakeDiscord, guild: str) -> None:
    """Discord has trouble with a server: it is away, and will be back."""
    await fake.emit("GUILD_DELETE", {"id": guild, "unavailable": True})


def archive(fake: FakeDiscord, thread: str, *, locked: bool = False) -> None:
    """A thread is put away."""
    fake.channels[thread]["thread_metadata"] |= {"archived": True, "locked": locked}


def reopened(fake: FakeDiscord, thread: str) -> bool:
    """Whether a thread is open."""
    return not fake.channels[thread]["thread_metadata"]["archived"]


def hide(fake: FakeDiscord, channel: str) -> None:
    """The bot, which is no administrator, may no longer see a channel. Nothing tells of it."""
    fake.everyone &= ~8
    denied = {"id": GUILD, "type": 0, "allow": "0", "deny": "1024"}
    fake.channels[channel]["permission_overwrites"] = [denied]


async def super_react(fake: FakeDiscord, channel: str, message: str, emoji: str, user: str) -> None:
    """Somebody puts a super reaction while nobody listens."""
    fake.bursts.add((channel, message, emoji, user))
    await fake.react(message, emoji, channel, user, tell=False)


def unknown_thread(fake: FakeDiscord, channel: str) -> str:
    """A thread of which the gateway has not told; its id."""
    id = fake.id()
    fake.channels[id] = fake.channels[channel] | {"id": id, "type": 11, "parent_id": channel}
    fake.messages[id] = {}
    return id
