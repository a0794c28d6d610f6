"""Text from outside, made harmless. Every module of `bot.report` passes outside text through here first.

What a terminal or a browser would obey or hide is dropped (escape sequences, controls) or shown as `<U+202E>`.
"""

import re

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x80-\x9f\n]{0,4096}(?:\x07|\x1b\\|\x9c)"  # OSC, DCS
    r"|\x9b[0-?]*[ -/]*[@-~]"
    r"|\x1b[ -/]*[0-~]"
)
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_HIDDEN = re.compile(
    "[\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def plain(text: str) -> str:
    """The text with line ends as `\\n`, without escape sequences and controls, and with bidi and invisible characters shown."""
    if text.isascii() and text.isprintable():  # nearly everything is, and has nothing to look for
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    text = _ESCAPES.sub("", text)
    text = _CONTROLS.sub("", text)
    return text if text.isascii() else _HIDDEN.sub(_shown, text)


def line(text: str, limit: int = 300) -> str:
    """Outside words for running text: one line of at most `limit` characters, in which nothing opens a code span."""
    words = " ".join(plain(text).split()).replace("`", "'")
    return words if len(words) <= limit else words[: limit - 1] + "…"


def verbatim(text: str) -> str:
    """One line of a code block, every character of it there: a line end is shown and cannot fake the next line."""
    return plain(text).replace("\n", "<U+000A>")


def span(text: str) -> str:
    """A code span that its content cannot leave."""
    return "`" + verbatim(text).replace("`", "<U+0060>") + "`"


def _shown(match: re.Match[str]) -> str:
    return f"<U+{ord(match.group()):04X}>"
