"""The Home tab: shown when somebody opens it, and again when it has changed. Run by `adapter`; `hearing` tells who opened it."""

import asyncio
import logging
from collections import OrderedDict

from adapters.chat.slack import views
from adapters.chat.slack.web import Web
from bot.model.errors import LoginError, ParleyError
from bot.model.people import Account
from bot.model.ports import Clock, Home
from bot.model.reports import Page

REMEMBERED = 200
"""People whose tab is kept up to date: those who opened theirs last."""
PACE = 1.0
"""Seconds that a change waits for others: all of them are shown at once, a new card with its link."""

log = logging.getLogger(__name__)


class Homes:
    """The tabs of one login. `pages` are the core's; None for a bot without them."""

    def __init__(self, web: Web, clock: Clock, pages: Home | None) -> None:
        self._web = web
        self._clock = clock
        self._pages = pages
        self._shown: OrderedDict[str, Page | None] = OrderedDict()
        self._waiting: asyncio.Queue[str] = asyncio.Queue()
        self._publishing = asyncio.Lock()

    def opened(self, user: str, tab: str) -> None:
        """Somebody looks at their tab: it is published, even where it was published like this before."""
        if self._pages is not None and user and tab in {"", "home"}:
            self._waiting.put_nowait(user)

    async def show(self) -> None:
        """For ever: whoever opens theirs sees it at once. Raises LoginError."""
        while self._pages is not None:
            user = await self._waiting.get()
            self._shown[user] = None
            self._shown.move_to_end(user)
            if len(self._shown) > REMEMBERED:
                self._shown.popitem(last=False)
            await self._publish(user, self._pages)

    async def refresh(self) -> None:
        """For ever: what has changed is shown to those who look, many changes as one. Raises LoginError."""
        while self._pages is not None:
            await self._pages.changed()
            await self._clock.sleep(PACE)
            for user in list(self._shown):
                await self._publish(user, self._pages)

    async def _publish(self, user: str, pages: Home) -> None:
        """Unless it is as it was published."""
        async with self._publishing:
            try:
                page = await pages.page(Account(self._web.instance, user))
                if page == self._shown.get(user):
                    return
                view = views.home(page, self._web.url)
                await self._web.call("views.publish", {"user_id": user, "view": view})
            except LoginError:
                raise
            except ParleyError as error:
                log.warning("the Home tab of %s could not be shown: %s", user, error)
            else:
                self._shown[user] = page
