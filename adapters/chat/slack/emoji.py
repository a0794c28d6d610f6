"""Slack's names of emoji and the characters they stand for. Used by `translate`, `delivery` and `adapter`."""

from collections.abc import Mapping

_SELECTOR = "\N{VARIATION SELECTOR-16}"

NAMES: Mapping[str, str] = {
    "white_check_mark": "✅",
    "x": "❌",
    "eyes": "👀",
    "double_vertical_bar": "⏸",
    "arrow_forward": "▶",
    "octagonal_sign": "🛑",
    "leftwards_arrow_with_hook": "↩",
    "repeat": "🔁",
    "+1": "👍",
    "-1": "👎",
    "zero": "0\u20e3",
    "one": "1\u20e3",
    "two": "2\u20e3",
    "three": "3\u20e3",
    "four": "4\u20e3",
    "five": "5\u20e3",
    "six": "6\u20e3",
    "seven": "7\u20e3",
    "eight": "8\u20e3",
    "nine": "9\u20e3",
    "keycap_ten": "🔟",
}
_ALIASES: Mapping[str, str] = {"thumbsup": "👍", "thumbsdown": "👎", "pause_button": "⏸"}
_CHARACTERS = {character: name for name, character in NAMES.items()}


def character(name: str, custom: Mapping[str, str]) -> str:
    """The emoji of a reaction's name, its skin tone left out; empty for one that means nothing here."""
    bare = name.partition("::")[0]
    return custom.get(bare) or NAMES.get(bare) or _ALIASES.get(bare, "")


def name(emoji: str) -> str:
    """Slack's name of an emoji; empty for one we do not know."""
    return _CHARACTERS.get(emoji.replace(_SELECTOR, ""), "")
