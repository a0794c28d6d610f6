"""For `parley check`: whether Slack lets us in and with which scopes. Called by `settings.probe`."""

from adapters.chat.slack.settings import Settings
from adapters.chat.slack.web import Web
from bot.model.errors import ParleyError

SCOPES = frozenset(
    {
        "app_mentions:read",
        "channels:history",
        "channels:read",
        "chat:write",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "im:history",
        "im:read",
        "im:write",
        "mpim:history",
        "mpim:read",
        "reactions:read",
        "reactions:write",
    }
)
"""What `deploy/slack-manifest.yaml` asks for; a test compares them."""


async def probe(settings: Settings) -> str | None:
    """None, or one sentence with what is wrong and its mend."""
    web = Web("slack", settings)
    try:
        await web.ready()
        if settings.app_token is not None:
            await web.socket_url()
    except ParleyError as error:
        return str(error)
    finally:
        await web.close()
    missing = SCOPES - web.scopes
    if web.scopes and missing:
        names = ", ".join(sorted(missing))
        return f"The Slack app lacks {names}: install it again from deploy/slack-manifest.yaml."
    return None
