"""One plan in two chats: the same person is one vote in both, each card tells the truth, and what one chat cannot show the other does."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.acceptance.two_workspaces import Two, state_of
from tests.loops.test_metrics import parsed
from tests.servers.sites import served
from tests.servers.slack_fake import Reply


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Two]:
    with served(tmp_path / "sites") as port:
        made = Two(tmp_path, port)
        try:
            yield made
        finally:
            await made.close()


@pytest.fixture
def sites(tmp_path: Path) -> Callable[[], list[str]]:
    return lambda: sorted(path.name for path in (tmp_path / "sites").iterdir())


async def test_approved_in_one_chat_and_told_in_the_other(
    two: Two, sites: Callable[[], list[str]]
) -> None:
    await two.start()
    thread = await two.asks()
    here, there = await two.card(two.slack, "C1"), await two.card(two.ops, "C1")
    one, other = two.slack.shown(here), two.ops.shown(there)
    assert one["text"] == other["text"]
    assert one["thread_ts"] == thread.partition("/")[2]
    assert "thread_ts" not in other
    await two.reacts(two.ops, "U92BOB", there)
    await two.card(two.slack, "C1", "done")
    await two.card(two.ops, "C1", "done")
    assert sites() == ["hello"]
    for fake, card in ((two.slack, here), (two.ops, there)):
        assert not any(fake.shown(card)["_reactions"].get("x", []))
    await two.until(lambda: _results(two.slack.journal) == 1)
    assert _results(two.ops.journal) == 0


async def test_one_person_is_one_vote_in_both_chats(
    two: Two, sites: Callable[[], list[str]]
) -> None:
    await two.start()
    await two.asks()
    await two.reacts(two.ops, "U92BOB", await two.card(two.ops, "C1"))
    await two.card(two.slack, "C1", "done")
    await two.asks("remove the site hello on web1", "C2")
    here, there = await two.card(two.slack, "C2"), await two.card(two.ops, "C1")
    await two.reacts(two.slack, "U01ALICE", here)
    await two.reacts(two.ops, "U91ALICE", there)
    await two.until(lambda: len(two.ops.ephemeral) + len(two.slack.ephemeral) == 2)
    (private,) = two.ops.ephemeral
    assert (private["channel"], private["user"]) == ("C1", "U91ALICE")
    assert sites() == ["hello"]
    await two.reacts(two.slack, "U02BOB", here)
    await two.card(two.ops, "C1", "done")
    assert sites() == []
    await two.reacts(two.ops, "U92BOB", there)
    await two.until(lambda: len(two.ops.ephemeral) == 2)
    assert "done" in two.ops.ephemeral[-1]["text"]


async def test_words_and_changes_in_the_other_chats_thread(
    two: Two, sites: Callable[[], list[str]]
) -> None:
    await two.start()
    await two.asks()
    first = await two.card(two.ops, "C1")
    await two.says(two.ops, "U92BOB", "make it called welcome", first)
    await two.until(
        lambda: [state_of(c) for c in two.cards(two.ops, "C1")] == ["superseded", "pending"]
    )
    await two.until(
        lambda: [state_of(c) for c in two.cards(two.slack, "C1")] == ["superseded", "pending"]
    )
    second = await two.card(two.ops, "C1")
    name = two.ops.shown(second)["metadata"]["event_payload"]["plan_id"][-4:]
    await two.says(two.ops, "U91ALICE", f"approve {name}", second)
    await two.card(two.slack, "C1", "done")
    assert sites() == ["welcome"]


async def test_an_account_of_the_same_name_in_the_other_chat_is_nobody(
    two: Two, sites: Callable[[], list[str]]
) -> None:
    """U02BOB is bob in `slack` alone."""
    await two.start()
    await two.asks()
    there = await two.card(two.ops, "C1")
    await two.reacts(two.ops, "U02BOB", there)
    (word,) = await two.until(lambda: two.ops.ephemeral)
    assert "did not count" in word["text"]
    await two.says(two.ops, "U02BOB", "make it called pwned", there)
    name = two.ops.shown(there)["metadata"]["event_payload"]["plan_id"][-4:]
    await two.says(two.ops, "U92BOB", f"reject {name}", there)
    await two.card(two.slack, "C1", "rejected")
    assert len(two.cards(two.ops, "C1")) == 1
    assert sites() == []


async def test_votes_while_the_bot_was_away_count_from_either_card(
    two: Two, sites: Callable[[], list[str]]
) -> None:
    await two.start()
    await two.asks()
    await two.card(two.slack, "C1")
    there = await two.card(two.ops, "C1")
    await two.kill()
    channel, _, stamp = there.partition("/")
    two.ops.react("U92BOB", "white_check_mark", channel, stamp)
    await two.launch()
    await two.card(two.slack, "C1", "done")
    assert sites() == ["hello"]


async def test_an_approvals_room_that_is_gone_blocks_nothing(
    two: Two, sites: Callable[[], list[str]]
) -> None:
    await two.start()
    two.archives(two.ops, "C1")
    await two.asks()
    here = await two.card(two.slack, "C1")
    (told,) = await two.until(two.told)
    assert "`ops` `C1` missed the card of plan" in told
    assert "Unarchive" in told
    assert (
        "deliveries: 1 message could not be delivered in 7 days, the last one to ops C1"
        in await two.run("check")
    )
    assert (
        'parley_delivery_failures_total{instance="ops",reason="is_archived",final="yes"} 1'
        in await two.get("/metrics")
    )
    await two.reacts(two.slack, "U02BOB", here)
    await two.card(two.slack, "C1", "done")
    assert sites() == ["hello"]


async def test_a_plan_asked_in_a_room_that_closes_is_decided_elsewhere(
    two: Two, sites: Callable[[], list[str]]
) -> None:
    await two.start(approvals="")
    two.archives(two.slack, "C2")
    two.slack.channels["C2"] = []
    thread = await two.asks(channel="C2")
    assert thread
    await two.card(two.slack, "C2")
    two.archives(two.slack, "C2")
    await two.slack.event({"type": "channel_archive", "channel": "C2", "user": "U01ALICE"})
    there = await two.card(two.ops, "COPS")
    await two.reacts(two.ops, "U92BOB", there)
    await two.card(two.ops, "COPS", "done")
    assert sites() == ["hello"]


async def test_a_deleted_card_comes_again(two: Two, sites: Callable[[], list[str]]) -> None:
    await two.start(approvals="")
    await two.asks()
    await two.deletes(two.slack, await two.card(two.slack, "C1"))
    again = await two.card(two.slack, "C1")
    await two.reacts(two.slack, "U02BOB", again)
    await two.card(two.slack, "C1", "done")
    assert sites() == ["hello"]


async def test_a_card_that_can_be_shown_nowhere_is_ended(two: Two) -> None:
    await two.start(bot="", approvals="")
    await two.asks()
    card = await two.card(two.slack, "C1")
    name = two.slack.shown(card)["metadata"]["event_payload"]["plan_id"]
    two.archives(two.slack, "C1")
    await two.slack.event({"type": "channel_archive", "channel": "C1", "user": "U01ALICE"})
    while "expired" not in (said := await two.run("plans", "show", name)):
        assert "Needs 1 approval" in said
    assert "Its card could be shown nowhere" in said
    assert "could not be delivered" in await two.run("check")


async def test_a_plan_whose_card_is_not_out_is_named_by_check(two: Two) -> None:
    await two.start(bot="", approvals="")
    two.slack.scripts["chat.postMessage"] = [Reply("internal_error", 500)] * 50
    await two.asks()
    while "waits for votes, and its card is not out" not in (said := await two.run("check")):
        assert "deliveries: nothing was lost" in said
    two.slack.scripts["chat.postMessage"] = []
    await two.card(two.slack, "C1")
    assert "its card is not out" not in await two.run("check")


async def test_what_is_lost_is_in_status_and_outlives_a_restart(two: Two) -> None:
    await two.start()
    two.archives(two.ops, "C1")
    await two.asks()
    await two.card(two.slack, "C1")
    await two.until(two.told)
    await two.kill()
    await two.launch()
    await two.asks("status", "C2")
    (said,) = await two.until(
        lambda: [each for each in two.slack.channels["C2"] if "Up for" in each["text"]]
    )
    assert "not delivered: 1 in 7 days, the last one to ops C1" in said["text"]
    assert "1 message could not be delivered" in await two.run("check")
    assert len(two.told()) == 1


async def test_health_and_metrics_over_a_whole_plan(two: Two) -> None:
    await two.start()
    assert '"healthy": true' in await two.get("/healthz")
    await two.asks()
    await two.card(two.ops, "C1")
    await two.reacts(two.slack, "U02BOB", await two.card(two.slack, "C1"))
    await two.card(two.slack, "C1", "done")
    await two.until(lambda: _results(two.slack.journal))
    found = parsed(await two.get("/metrics"))
    assert found["parley_events_total", "slack", "message"] == 1
    assert found["parley_events_total", "slack", "reaction"] == 1
    assert found["parley_posts_total", "slack", "post"] >= 1
    assert found["parley_posts_total", "ops", "post"] == 1
    assert found["parley_posts_total", "ops", "edit"] >= 1
    assert found["parley_approval_latency_seconds_count", "slack", "approved"] == 1
    assert [found["parley_chat_connected", name] for name in ("slack", "ops")] == [1, 1]
    assert found["parley_plans_pending",] == 0
    assert found["parley_store_healthy",] == 1


def _results(journal: list[tuple[str, dict[str, object]]]) -> int:
    return sum(
        what == "post" and "'kind': 'result'" in str(entry.get("metadata"))
        for what, entry in journal
    )
