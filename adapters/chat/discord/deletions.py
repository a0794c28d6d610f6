"""What a deletion that was heard means for what is kept here and for the core. Called by `adapter`; the rest is in `losses`."""

from adapters.chat.discord.client import Heard
from adapters.chat.discord.history import Ledger
from adapters.chat.discord.losses import DELETED, REMOVED, Losses
from adapters.chat.discord.reactions import Reactions
from adapters.chat.discord.rest import Json
from adapters.chat.discord.threads import Threads
from adapters.chat.discord.translate import snowflake


def deleted(
    heard: Heard, losses: Losses, reactions: Reactions, threads: Threads, ledger: Ledger
) -> None:
    """Note what is lost; any other payload is passed over."""
    id = snowflake(heard.data.get("id"))
    match heard.event:
        case "MESSAGE_DELETE" | "MESSAGE_DELETE_BULK":
            messages = _messages(heard.data)
            reactions.lost(*messages)
            losses.gone(*messages)
        case "THREAD_DELETE":
            inside = reactions.inside(id)
            reactions.lost(*inside)
            losses.gone(*inside)
            threads.forget(id)
            ledger.forget(id)
        case "CHANNEL_DELETE":
            losses.closed([id], DELETED)
            ledger.forget(id)
        case "GUILD_DELETE":
            losses.closed(_rooms(heard.data), REMOVED)
        case _:
            pass


def _messages(data: Json) -> list[str]:
    """Those of MESSAGE_DELETE and MESSAGE_DELETE_BULK."""
    several = data.get("ids")
    ids = several if isinstance(several, list) else [data.get("id")]
    return [id for each in ids if (id := snowflake(each))]


def _rooms(data: Json) -> list[str]:
    """The channels of a server that removed the bot, as `client` puts them in."""
    found = data.get("rooms")
    return [str(each) for each in found] if isinstance(found, list) else []
