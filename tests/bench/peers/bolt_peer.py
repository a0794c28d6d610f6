"""Plain slack-bolt in Socket Mode, the floor of `slack_bench`: it acknowledges, and answers a mention in its thread. Nothing is stored.

Usage: bolt_peer.py API_URL BOT_TOKEN APP_TOKEN; runs until it is ended. Its client is bolt's own, with one connection.
"""

import asyncio
import sys

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient


async def main(url: str, bot_token: str, app_token: str) -> None:
    app = AsyncApp(client=AsyncWebClient(bot_token, base_url=url), signing_secret="unused")

    @app.event("app_mention")
    async def answer(event: dict[str, str], client: AsyncWebClient) -> None:
        await client.chat_postMessage(
            channel=event["channel"], thread_ts=event["ts"], text="I know no capability for that."
        )

    await AsyncSocketModeHandler(app, app_token).start_async()  # type: ignore[no-untyped-call]  # bolt leaves it untyped


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
