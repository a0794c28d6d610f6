"""The layout alone: limits, escaping, and nothing lost."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.chat.discord import render
from bot.model.people import Account
from bot.model.reports import Attachment, Control, Paragraph, Report

STYLES = st.sampled_from(["plain", "strong", "code", "faint", "struck", "heading"])
TEXT = st.text(max_size=200) | st.sampled_from(
    [
        "@everyone",
        "<@1>",
        "```",
        "`a`",
        "**b**",
        "# h",
        "- x",
        "https://a_b.example/_x_",
        "\u202e",
        "[a](b)",
    ]
)
PARAGRAPHS = st.lists(st.builds(Paragraph, TEXT, STYLES), min_size=1, max_size=8)


@given(PARAGRAPHS, st.integers(1, 60))
def test_every_message_keeps_the_limits(paragraphs: list[Paragraph], times: int) -> None:
    controls = tuple(Control(str(n), "✅", "label") for n in range(times))
    report = Report("answer", tuple(paragraphs * times), controls=controls)
    card = render.card(report, "discord")
    assert render.size(card.body["content"]) <= 2000
    embeds = [render.size(each["description"]) for each in card.body["embeds"]]
    assert all(size <= 4096 for size in embeds)
    assert sum(embeds) <= 6000
    assert len(card.body["components"]) <= 5
    assert all(1 <= len(row["components"]) <= 5 for row in card.body["components"])
    assert card.body["allowed_mentions"]["parse"] == []


@pytest.mark.parametrize("character", ["`", "𝓶", "a`", "\u202e", "@"])
def test_what_takes_two_characters_of_the_platforms_is_counted_as_two(character: str) -> None:
    report = Report("answer", (Paragraph("head"), Paragraph(character * 9000)))
    card = render.card(report, "discord")
    (embed,) = card.body["embeds"]
    assert 3000 <= render.size(embed["description"]) <= 4096
    assert card.files[0].text == report.text


@given(TEXT)
def test_no_outside_text_pings_or_formats(text: str) -> None:
    shown = render.escaped(text)
    bare = re.sub(r"`[^`\n]+`|<https?://[^>]*>|\\.", "x", shown)
    assert not re.search(r"[*_~|<>@\[\]]", bare)
    assert not re.search(r"(?m)^[#+-]", bare)


def test_2000_characters_are_a_message_and_2001_a_file() -> None:
    for length, files in ((2000, 0), (2001, 1)):
        report = Report("answer", (Paragraph("a" * length),))
        assert len(render.card(report, "discord").files) == files


@given(st.text(alphabet="`ab\n", max_size=60))
def test_a_code_block_cannot_be_left(text: str) -> None:
    body = render.card(Report("answer", (Paragraph("x"), Paragraph(text, "code"))), "discord").body
    (embed,) = body["embeds"]
    assert embed["description"].count("```") == 2


def test_addresses_get_no_preview_and_keep_their_letters() -> None:
    assert render.escaped("see https://a_b.example/_x_.") == "see <https://a_b.example/_x_.>"


def test_spans_stay_spans_and_indents_stay_indents() -> None:
    report = Report("plan", (Paragraph("run `ls *`"), Paragraph("   a_b", "plain")))
    body = render.card(report, "discord").body
    assert body["content"] == "run `ls *`"
    assert body["embeds"][0]["description"] == "\u00a0\u00a0\u00a0a\\_b"


def test_styles() -> None:
    lines = [Paragraph("head"), Paragraph("gone", "struck"), Paragraph("small", "faint")]
    body = render.card(
        Report("plan", (*lines, Paragraph("a", "code"), Paragraph("b", "code"))), "d"
    ).body
    assert body["embeds"][0]["description"] == "~~gone~~\n-# small\n```\na\nb\n```"


def test_only_the_reports_own_mention_pings_and_only_here() -> None:
    person = Account("discord", "1001")
    report = Report("result", (Paragraph("alice, done: <@1002>"),), mention=person)
    here = render.card(report, "discord").body
    assert here["content"] == "<@1001>, done: \\<\\@1002\\>"
    assert here["allowed_mentions"]["users"] == ["1001"]
    there = render.card(report, "other").body
    assert there["content"].startswith("alice, done")
    assert there["allowed_mentions"]["users"] == []


def test_what_does_not_fit_is_whole_in_a_file_beside_the_others() -> None:
    text = "\n".join(str(number) for number in range(5000))
    other = Attachment("a.txt", "a")
    report = Report("answer", (Paragraph("Log:"), Paragraph(text, "code")), attachments=(other,))
    card = render.card(report, "discord")
    assert [each.name for each in card.files] == ["message.txt", "a.txt"]
    assert card.files[0].text == report.text
    assert card.body["attachments"] == [
        {"id": "0", "filename": "message.txt"},
        {"id": "1", "filename": "a.txt"},
    ]


def test_a_nonce_is_short_and_of_its_key() -> None:
    assert len(render.nonce("k")) == 25
    assert render.nonce("k") == render.nonce("k") != render.nonce("l")


def test_a_card_that_waits_can_be_changed_and_another_cannot() -> None:
    waits = Report("plan", (Paragraph("x"),), controls=(Control("approve", "✅", "approve"),))
    runs = Report("plan", (Paragraph("x"),), controls=(Control("cancel", "🛑", "cancel"),))
    labels = [b["label"] for b in render.card(waits, "d").body["components"][0]["components"]]
    assert labels == ["approve", "change…"]
    assert len(render.card(runs, "d").body["components"][0]["components"]) == 1
