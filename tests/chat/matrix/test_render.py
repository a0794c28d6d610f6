"""Reports as Matrix contents: the words are kept, nothing in them is markup, everything fits."""

import json
import re
from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.chat.matrix.render import REPORT, ROOM_FOR_CONTENT, card, formatted, visible
from bot.model.people import Account
from bot.model.reports import Attachment, Control, Paragraph, Report

ALLOWED = {"span", "strong", "del", "code", "pre", "br", "p", "a"}
STYLES = st.sampled_from(["plain", "strong", "code", "faint", "struck", "heading"])
EVIL = st.sampled_from(["<b>", "</code>", "`", "&lt;", "\x1b[0m", "\u202e", "a,", "\n", " ", '"'])
TEXTS = st.lists(EVIL | st.text(max_size=8), max_size=8).map("".join)
REPORTS = st.builds(
    Report,
    st.just("plan"),
    st.lists(st.builds(Paragraph, TEXTS, STYLES), max_size=6).map(tuple),
    st.sampled_from(["grey", "blue", "green", "amber", "red"]),
    st.lists(st.builds(Control, st.just("approve"), st.just("✅"), TEXTS), max_size=2).map(tuple),
    st.none() | st.just(Account("matrix", "@alice:hs.test")),
)


class Reader(HTMLParser):
    """What a client would make of the HTML: tags, balance, and the words."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.words = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag == "br":
            self.words += " "
        else:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def squeezed(text: str) -> str:
    return re.sub(r"[\s`●]+", "", text)


@given(REPORTS)
def test_the_markup_is_ours_and_the_words_are_all_there(report: Report) -> None:
    reader = Reader()
    reader.feed(formatted(report, "matrix"))
    reader.close()
    assert reader.open == []
    assert reader.tags <= ALLOWED
    assert squeezed(reader.words) == squeezed(visible(report.text))


@given(st.text(alphabet=st.characters(codec="utf8", exclude_categories=["Cc", "Cf", "Cs"])))
def test_ordinary_text_is_the_body_as_it_is(text: str) -> None:
    content, _ = card(Report("answer", (Paragraph(text),)), "k", "matrix")
    assert content["body"] == text


def test_a_card() -> None:
    report = Report(
        "plan",
        (
            Paragraph("Plan 7f3a · change · for alice", "strong"),
            Paragraph("1. `web1`: add a reverse proxy"),
            Paragraph("   domain shop.example.org", "faint"),
            Paragraph("run  nginx -t", "code"),
            Paragraph("run  nginx -s reload", "code"),
            Paragraph("Needs 1 approval."),
        ),
        controls=(Control("approve", "✅", "approve"), Control("reject", "❌", "reject")),
    )
    assert formatted(report, "matrix") == (
        '<span data-mx-color="#8d97a5">●</span> <strong>Plan 7f3a · change · for alice</strong>'
        "<br>1. <code>web1</code>: add a reverse proxy"
        '<br><span data-mx-color="#8d97a5">&nbsp;&nbsp;&nbsp;domain shop.example.org</span>'
        "<pre><code>run  nginx -t\nrun  nginx -s reload</code></pre>"
        "Needs 1 approval.<p>✅ approve &nbsp; ❌ reject</p>"
    )


def test_a_mention_of_another_platform_is_only_a_name() -> None:
    report = Report("result", (Paragraph("alice, done."),), mention=Account("slack", "U01"))
    content, _ = card(report, "k", "matrix")
    assert content["m.mentions"] == {}
    assert "<a " not in content["formatted_body"]


@settings(deadline=None)  # long texts take long on a busy machine
@given(st.integers(0, 200_000), st.sampled_from(["x", "é", "<", "\n", "\x00", "😀"]))
def test_every_content_fits(length: int, letter: str) -> None:
    files = (Attachment("output.txt", "o"),)
    report = Report("answer", (Paragraph(letter * length),), attachments=files, data={"a": "b"})
    content, attached = card(report, "k", "matrix")
    assert len(json.dumps(content, ensure_ascii=False).encode()) <= ROOM_FOR_CONTENT * 1.1
    assert content[REPORT]["key"] == "k"
    assert attached[-1:] == files
    if len(attached) == 2:
        assert attached[0].text == report.text
    else:
        assert content["body"] == visible(report.text)
