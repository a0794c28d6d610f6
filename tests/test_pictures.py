"""The pictures of README are true: drawn from what the bot really sent, and it still sends just that."""

import re
import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.pictures import album, discord, matrix, slack, terminal
from tests.pictures.canvas import Span, Words, measure, wrapped
from tests.servers.synapse import absent

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf8")
SVG = "{http://www.w3.org/2000/svg}"
DRAWN = {SVG + name for name in ("svg", "title", "rect", "path", "text", "tspan")}
PLATFORMS = list(album.PLATFORMS)


def missing(name: str) -> str:
    """Why no session can be had here; "" where one can."""
    if name == "matrix":
        return absent()
    return "" if name != "terminal" or shutil.which("tmux") else "tmux is not installed"


def lasting(recorded: dict[str, Any]) -> Any:
    """A recording without what is on a terminal's screen or not, as it happens: a card on its way from approved to done."""
    if "screen" not in recorded:
        return recorded
    (words,) = terminal.read("", recorded).parts
    assert isinstance(words, Words)
    text = ["".join(span.text for span in line) for line in words.lines]
    passing = re.compile(r"┃ (Plan 7f3a · approved by bob 14:02 UTC|🛑 cancel)$")
    kept = [line for line, shown in zip(words.lines, text, strict=True) if not passing.match(shown)]
    # The empty line behind a card that was left out goes with it.
    return [line for line, before in zip(kept, [None, *kept], strict=False) if line or before]


@pytest.mark.parametrize("name", PLATFORMS)
async def test_a_session_of_today_is_the_one_that_was_recorded(name: str) -> None:
    """Where a card has changed on purpose: `python -m tests.pictures record`."""
    if missing(name):
        pytest.skip(missing(name))
    assert lasting(await album.PLATFORMS[name].record()) == lasting(album.kept(name))


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_picture_is_what_its_recording_makes(name: str) -> None:
    assert album.path(name, "svg").read_text(encoding="utf8") == album.drawn(name)


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_picture_says_all_that_was_sent(name: str) -> None:
    """The words of the card, waiting and done."""
    shown = re.sub(r"\s+", " ", "".join(_text(name))).replace("\u00a0", " ")
    for words in (
        "Plan 7f3a · change · for alice",
        "mkdir /srv/www/hello",
        "http://127.0.0.1:8080/hello/ answers 200 within 5 s",
        "✅ approve",
        "❌ reject",
        "Plan 7f3a · done in 0.2 s · approved by bob",
        "roll back",
    ):
        assert words in shown


def _text(name: str) -> list[str]:
    return list(ElementTree.fromstring(album.drawn(name)).itertext())


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_picture_has_neither_scripts_nor_references(name: str) -> None:
    tree = ElementTree.parse(album.path(name, "svg"))
    for element in tree.iter():
        assert element.tag in DRAWN
        for attribute, value in element.attrib.items():
            assert "href" not in attribute
            assert not attribute.startswith("on")
            assert not re.search(r"url\(|https?:|data:|javascript:", value)


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_picture_is_no_wider_than_the_sheet(name: str) -> None:
    for element in ElementTree.fromstring(album.drawn(name)).iter(SVG + "rect"):
        assert float(element.attrib["x"]) >= 0
        assert float(element.attrib["x"]) + float(element.attrib["width"]) <= 720


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_recording_has_nothing_of_where_it_was_made(name: str) -> None:
    text = album.path(name, "json").read_text(encoding="utf8")
    assert not re.search(r"/tmp|/home|/root|xox[bap]-|xapp-|fake\.token|syt_", text)
    assert set(re.findall(r"(?<=127\.0\.0\.1:)\d+", text)) == {"8080"}


def test_every_picture_is_in_the_readme_and_every_picture_of_the_readme_is_there() -> None:
    shown = {
        ROOT / link
        for link in re.findall(r"!\[[^\]]*\]\(([^)\s]+)\)|<img[^>]* src=\"([^\"]+)\"", README)
        for link in link
        if link
    }
    assert shown == {album.path(name, "svg") for name in PLATFORMS}
    assert all(path.exists() for path in shown)
    assert set(album.FOLDER.iterdir()) == {
        album.path(name, ending) for name in PLATFORMS for ending in ("json", "svg")
    }


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (slack.read, {"blocks": [{"type": "image"}], "attachments": []}),
        (
            slack.read,
            {"blocks": [{"type": "rich_text", "elements": [{"type": "quote"}]}], "attachments": []},
        ),
        (
            discord.read,
            {
                "content": "",
                "embeds": [],
                "attachments": [],
                "components": [{"type": 1, "components": [{"type": 3}]}],
            },
        ),
        (
            matrix.read,
            {"format": "org.matrix.custom.html", "formatted_body": "<table></table>"},
        ),
    ],
)
def test_a_part_that_cannot_be_drawn_is_an_error(read: Any, message: Any) -> None:
    with pytest.raises(ValueError, match=r"a (block|component|tag)|rich text"):
        read("", {"message": message, "reactions": {}})


def test_a_long_line_goes_on_below_and_loses_no_word() -> None:
    line = (Span("  one two ", bold=True), Span("three " * 60), Span("x" * 300, mono=True))
    lines = list(wrapped(line, 300, 14))
    assert "".join(span.text for each in lines for span in each) == "".join(
        span.text for span in line
    )
    short = [each for each in lines if "x" not in "".join(span.text for span in each)]
    assert len(short) > 5
    assert all(
        sum(measure(span, 14) for span in each[:-1])
        + measure(Span(each[-1].text.rstrip(), each[-1].bold), 14)
        <= 300
        for each in short
    )
