"""The Home tab: shown to whoever opens it, again when it has changed, and never when it has not."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.chat.slack import views
from bot.model.errors import LoginError, StoreError
from bot.model.people import Account
from bot.model.reports import Line, Page
from tests.chat.slack.scenes import ALICE, BOB, INSTANCE, Bench, Ears
from tests.servers.slack_fake import Reply, SlackFake
from tests.servers.slack_limits import view_faults

WORKSPACE = "https://acme.slack.com/"


class Pages:
    """What a core would give: `lines` for everybody, changed when a test says so."""

    def __init__(self) -> None:
        self.lines: tuple[Line, ...] = (Line("Nothing waits."),)
        self.broken = False
        self.asked: list[Account] = []
        self._change = asyncio.Event()
        self._news = asyncio.Condition()

    async def asked_again(self, before: int) -> None:
        """Wait until a page was asked for, after so many times."""
        async with asyncio.timeout(20), self._news:
            await self._news.wait_for(lambda: len(self.asked) > before)

    async def page(self, account: Account) -> Page:
        self.asked.append(account)
        async with self._news:
            self._news.notify_all()
        if self.broken:
            raise StoreError("The disk is full.")
        return Page((("Waiting for your approval", self.lines),))

    async def changed(self) -> None:
        await self._change.wait()
        self._change.clear()

    def change(self, *lines: Line) -> None:
        self.lines = lines or self.lines
        self._change.set()


async def listening(bench: Bench, fake: SlackFake, pages: Pages) -> Ears:
    ears = bench.hear(bench.chat_with(home=pages))
    await ears.placed()
    await fake.connected(2)
    return ears


async def opens(fake: SlackFake, user: str, tab: str = "home") -> None:
    opened = {"type": "app_home_opened", "user": user, "channel": "D1", "tab": tab}
    await fake.acknowledged(await fake.event(opened))


def published(fake: SlackFake, user: str) -> int:
    return sum(each["user_id"] == user for each in fake.called("views.publish"))


def shows(fake: SlackFake, user: str, words: str) -> Callable[[], bool]:
    return lambda: words in str(fake.tabs.get(user))


async def test_who_opens_it_sees_it_and_what_changes(bench: Bench, fake: SlackFake) -> None:
    pages = Pages()
    await listening(bench, fake, pages)
    await opens(fake, ALICE)
    await opens(fake, BOB, "messages")  # the other tab: nothing to show
    await fake.until(shows(fake, ALICE, "Nothing waits."))
    pages.change(Line("`7f3a` create a site", "C1/1790000000.000100"))
    await fake.until(shows(fake, ALICE, "create a site"))
    assert "https://acme.slack.com/archives/C1/p1790000000000100" in str(fake.tabs[ALICE])
    assert published(fake, ALICE) == 2
    assert published(fake, BOB) == 0
    assert set(pages.asked) == {Account(INSTANCE, ALICE)}


async def test_many_changes_are_one_and_no_change_is_none(bench: Bench, fake: SlackFake) -> None:
    pages = Pages()
    await listening(bench, fake, pages)
    await opens(fake, ALICE)
    await fake.until(shows(fake, ALICE, "Nothing waits."))
    for number in range(30):
        pages.change(Line(f"plan {number}"))
        await asyncio.sleep(0)
    await fake.until(shows(fake, ALICE, "plan 29"))
    assert published(fake, ALICE) <= 3
    before, asked = published(fake, ALICE), len(pages.asked)
    pages.change()
    await pages.asked_again(asked)
    assert published(fake, ALICE) == before
    await opens(fake, ALICE)  # opened anew it is shown anew: Slack may have forgotten it
    await fake.until(lambda: published(fake, ALICE) == before + 1)


async def test_a_tab_that_cannot_be_shown_hurts_nobody(bench: Bench, fake: SlackFake) -> None:
    pages = Pages()
    ears = await listening(bench, fake, pages)
    fake.scripts["views.publish"] = [Reply("not_enabled"), Reply("ratelimited", 429)]
    await opens(fake, ALICE)
    await opens(fake, BOB)
    await fake.until(lambda: len(fake.called("views.publish")) == 2)
    pages.broken, asked = True, len(pages.asked)
    await opens(fake, BOB)
    await pages.asked_again(asked)
    pages.broken = False
    await opens(fake, BOB)
    await fake.until(shows(fake, BOB, "Nothing waits."))
    assert ears.error is None


async def test_a_dead_login_is_not_hidden(bench: Bench, fake: SlackFake) -> None:
    ears = await listening(bench, fake, Pages())
    fake.scripts["views.publish"] = [Reply("token_revoked")]
    await opens(fake, ALICE)
    with pytest.raises(LoginError, match="token_revoked"):
        await ears.until(lambda _: False)


async def test_a_bot_without_pages(bench: Bench, fake: SlackFake) -> None:
    ears = bench.hear(bench.chat())
    await ears.placed()
    await opens(fake, ALICE)
    assert fake.called("views.publish") == []


LINES = st.builds(
    Line, st.text(max_size=400), st.none() | st.just("C1/1790000000.000100") | st.text(max_size=20)
)
PAGES = st.builds(
    Page,
    st.lists(
        st.tuples(st.text(max_size=200), st.lists(LINES, max_size=30).map(tuple)),
        min_size=1,
        max_size=4,
    ).map(tuple),
)


@given(PAGES)
@example(Page((("", (Line("`", None),)),)))  # nothing is left of it
def test_any_page_is_a_view_that_slack_takes(page: Page) -> None:
    view: dict[str, Any] = views.home(page, WORKSPACE)
    assert view_faults(view) in ([], ["0 blocks"])
    assert "mrkdwn" not in str(view)
