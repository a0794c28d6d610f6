"""Reports as Block Kit: the words are kept, nothing in them is markup, everything fits what Slack takes."""

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.chat.slack.check import SCOPES
from adapters.chat.slack.render import FALLBACK, card
from adapters.chat.slack.text import visible
from adapters.chat.slack.views import asked, change
from bot.model.people import Account
from bot.model.reports import Attachment, Control, Paragraph, Report
from tests.servers.slack_limits import faults

STYLES = st.sampled_from(["plain", "strong", "code", "faint", "struck", "heading"])
EVIL = st.sampled_from(
    ["<!channel>", "<@U1>", "*", "_", "`", "&lt;", ":x:", "\x1b[0m", "\u202e", "a,", "\n", " "]
)
TEXTS = st.lists(EVIL | st.text(max_size=8), max_size=8).map("".join)
LONG = st.tuples(TEXTS, st.sampled_from([1, 1, 1, 400, 3_000])).map(lambda pair: pair[0] * pair[1])
CONTROLS = st.builds(
    Control,
    st.sampled_from(["approve", "reject", "x" * 255, "y" * 256, ""]),
    st.just("✅"),
    TEXTS | st.just("z" * 80),
)
REPORTS = st.builds(
    Report,
    st.sampled_from(["plan", "answer"]),
    st.lists(st.builds(Paragraph, LONG, STYLES), max_size=60).map(tuple),
    st.sampled_from(["grey", "blue", "green", "amber", "red"]),
    st.lists(CONTROLS, max_size=40).map(tuple),
    st.none()
    | st.just(Account("slack", "U01ALICE"))
    | st.just(Account("matrix", "@alice:hs.test")),
)


@settings(deadline=None, max_examples=150)
@given(REPORTS)
def test_everything_fits(report: Report) -> None:
    made = card(report, "k" * 3_000, "slack")
    if report.text:
        assert [fault for fault in faults(made.body) if fault != "no_text"] == []
    assert len(made.body["text"]) <= FALLBACK
    assert "<" not in made.body["text"]
    json.dumps(made.body).encode()


@settings(deadline=None)
@given(st.lists(st.builds(Paragraph, TEXTS, STYLES), max_size=8).map(tuple))
def test_the_words_are_kept(paragraphs: tuple[Paragraph, ...]) -> None:
    made = card(Report("plan", paragraphs), "k", "slack")
    assert made.files == ()
    shown = "".join("".join(words(block)) for block in blocks(made.body))
    wanted = "\n".join(visible(paragraph.text) for paragraph in paragraphs)
    assert bare(shown) == bare(wanted)


def bare(text: str) -> str:
    return "".join(text.replace("`", "").split())


def blocks(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [*body["blocks"], *(block for each in body["attachments"] for block in each["blocks"])]


def words(part: dict[str, Any]) -> Iterator[str]:
    if isinstance(part.get("text"), str):
        yield part["text"]
    elif isinstance(part.get("text"), dict):
        yield part["text"]["text"]
    for inner in part.get("elements", []):
        yield from words(inner)


def test_a_card_as_people_see_it() -> None:
    report = Report(
        "plan",
        (
            Paragraph("Plan 7f3a · change · for alice", "heading"),
            Paragraph("Add a site", "strong"),
            Paragraph(""),
            Paragraph("1. `web1` · nginx-sites"),
            Paragraph("nginx -t", "code"),
            Paragraph("nginx -s reload", "code"),
            Paragraph("reply to change it", "faint"),
        ),
        "green",
        (Control("approve", "✅", "approve"),),
    )
    body = card(report, "k1", "slack").body
    assert [block["type"] for block in blocks(body)] == [
        "header",
        "rich_text",
        "context",
        "actions",
    ]
    (coloured,) = body["attachments"]
    assert coloured["color"] == "#2e9e5b"
    section, code = coloured["blocks"][0]["elements"]
    assert section["elements"][0] == {"type": "text", "text": "Add a site", "style": {"bold": True}}
    assert {"type": "text", "text": "web1", "style": {"code": True}} in section["elements"]
    assert code == {
        "type": "rich_text_preformatted",
        "elements": [{"type": "text", "text": "nginx -t\nnginx -s reload"}],
    }


def test_struck_and_without_controls() -> None:
    body = card(Report("plan", (Paragraph("Plan 7f3a", "struck"),)), "k1", "slack").body
    (block,) = blocks(body)
    assert block["elements"][0]["elements"] == [
        {"type": "text", "text": "Plan 7f3a", "style": {"strike": True}}
    ]


def test_sixty_faint_lines_are_still_a_message() -> None:
    report = Report("digest", tuple(Paragraph(f"line {n}", "faint") for n in range(60)))
    made = card(report, "k1", "slack")
    assert faults(made.body) == []
    assert made.files == (Attachment("message.txt", report.text),)


@given(TEXTS)
def test_the_root_of_a_command_quotes_and_pings_nobody_else(text: str) -> None:
    body = asked("U1", text, "t1")
    assert faults(body) == []
    assert "<" not in body["text"]
    users = [
        each for each in body["blocks"][0]["elements"][0]["elements"] if each["type"] == "user"
    ]
    assert users == [{"type": "user", "user_id": "U1"}]
    assert faults(asked("U1", "x" * 50_000, "t1")) == []


def test_the_field_of_a_change_knows_where_it_belongs() -> None:
    view = change("C1", "1790000000.1")
    assert json.loads(view["private_metadata"]) == {"channel": "C1", "thread": "1790000000.1"}
    assert len(view["title"]["text"]) <= 24


def test_the_manifest_asks_for_the_scopes_that_are_checked() -> None:
    import yaml  # only here

    from tests.servers.slack_local import ROOT  # only here

    manifest = yaml.safe_load((ROOT / "deploy/slack-manifest.yaml").read_text(encoding="utf8"))
    assert frozenset(manifest["oauth_config"]["scopes"]["bot"]) == SCOPES
    assert len(manifest["display_information"]["description"]) <= 140
