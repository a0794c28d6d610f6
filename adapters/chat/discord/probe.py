"""`parley check` for Discord: token, intents, and the bot's rights in every guild. Called through `settings.probe`.

Only REST is asked; no gateway is opened, so a running bot is not disturbed.
"""

import aiohttp
import discord

from adapters.chat.discord.rest import Json, Rest, said
from adapters.chat.discord.settings import Settings
from adapters.chat.discord.socket import redirect
from bot.model.errors import ParleyError

NEEDED = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    create_public_threads=True,
    embed_links=True,
    attach_files=True,
    add_reactions=True,
    read_message_history=True,
)
"""What the bot needs in a guild."""

CONTENT = (1 << 18) | (1 << 19)
"""Application flags that stand for the Message Content Intent, of a big bot and of a small one."""


async def probe(settings: Settings) -> str | None:
    """None when all is well, else sentences with the mend."""
    redirect(settings)
    client = discord.Client(intents=discord.Intents.none())
    try:
        await client.login(settings.token.get_secret_value())
        guilds = await Rest(client, "discord", settings.timeout).request("GET", "/users/@me/guilds")
        return " ".join([*_intents(client, settings), *_rights(client, guilds)]) or None
    except ParleyError as error:
        return str(error)
    except (discord.DiscordException, aiohttp.ClientError, TimeoutError, OSError) as error:
        return str(said(error, "discord"))
    finally:
        await client.close()


def _intents(client: discord.Client, settings: Settings) -> list[str]:
    if not settings.message_content or client.application_flags.value & CONTENT:
        return []
    return [
        "The Message Content Intent is off: turn it on under Bot in the developer portal, or set message_content = false."
    ]


def _rights(client: discord.Client, guilds: list[Json]) -> list[str]:
    """What is missing in each guild."""
    invitation = discord.utils.oauth_url(
        client.application_id or 0,
        permissions=NEEDED,
        scopes=("bot", "applications.commands"),
    )
    if not guilds:
        return [f"The bot is in no guild yet: invite it with {invitation}"]
    return [words for guild in guilds if (words := _missing(guild, invitation))]


def _missing(guild: Json, invitation: str) -> str:
    there = discord.Permissions(int(guild.get("permissions", 0)))
    if there.administrator or there.is_superset(NEEDED):
        return ""
    lacking = [name.replace("_", " ") for name, on in NEEDED if on and not getattr(there, name)]
    return f"In {guild.get('name')} the bot may not {', '.join(lacking)}: invite it again with {invitation}"
