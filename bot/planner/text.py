"""A request as tokens: bare words, quoted text, `key=value`. Called by `bot.planner.slots`; tokens become slot values.

Nothing is folded or repaired: a token's text is what stands there, without the punctuation of the sentence around it.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from msgspec import Struct

from bot.model.plans import Agent

_BEFORE, _AFTER = r"(?<![^\s(\[{,:;=])", r"(?![^\s)\]},.:;!?])"
_TOKEN = re.compile(
    rf"""(?P<key>[A-Za-z][\w-]*)=(?:"(?P<k1>[^"]*)"|'(?P<k2>[^']*)'|`(?P<k3>[^`]*)`){_AFTER}
    | {_BEFORE}(?:"(?P<q1>[^"]*)"|'(?P<q2>[^']*)'|`(?P<q3>[^`]*)`|“(?P<q4>[^”]*)”|«(?P<q5>[^»]*)»|‘(?P<q6>[^’]*)’){_AFTER}
    | [(\[{{]+(?=["'`“«‘])
    | (?P<word>\S+)""",
    re.VERBOSE,
)
_KEYED = re.compile(r"([A-Za-z][\w-]*)=(.+)", re.DOTALL)
_PORT = re.compile(r"((?=.*[A-Za-z.])[A-Za-z0-9.-]+)?:(\d{1,5})")
_OPENING, _CLOSING = "([{<", ".,:!?…)]}>"


class Token(Struct, frozen=True):
    """`text` as given, `low` for comparing with cue words; `key` of `key=value`; `mark` is the punctuation cut off its end."""

    text: str
    low: str
    quoted: bool = False
    key: str = ""
    mark: str = ""


@lru_cache(maxsize=64)
def read(text: str) -> tuple[Token, ...]:
    """All tokens in order. `host:8080` and `:8080` become the host, the word `port` and the number. One request is read by
    several who look for different things in it."""
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text):
        word = match["word"]
        if word is not None:
            tokens.extend(_bare(word))
        elif (inside := _inside(match)) is not None:
            tokens.append(
                Token(inside, inside.casefold(), quoted=True, key=(match["key"] or "").casefold())
            )
    return tuple(tokens)


def _inside(match: re.Match[str]) -> str | None:
    groups = ("k1", "k2", "k3", "q1", "q2", "q3", "q4", "q5", "q6")
    return next((match[group] for group in groups if match[group] is not None), None)


def _bare(word: str) -> Iterator[Token]:
    text = word.lstrip(_OPENING)
    cut = text.rstrip(_CLOSING)
    mark = text[len(cut) :]
    if not cut:
        return
    if "=" in cut and (keyed := _KEYED.fullmatch(cut)):
        yield Token(keyed[2], keyed[2].casefold(), key=keyed[1].casefold(), mark=mark)
    elif ":" in cut and (port := _PORT.fullmatch(cut)):
        if port[1]:
            yield Token(port[1], port[1].casefold())
        yield Token("port", "port")
        yield Token(port[2], port[2], mark=mark)
    else:
        yield Token(cut, cut.casefold(), mark=mark)


_QUOTES = frozenset("\"`“«‘'")
_PLACE = r"(?:(?:on|at|of|from|for|auf|von|vom|am|bei|für|en|de|del|para|in)\s+)?"
_VALUE_FOLLOWS = r"(?<!\bcalled )(?<!\bnamed )(?<!\bsite )(?<!\bname )(?<!\bdomain )(?<!\bhost )(?<!\buser )(?<!\bnamens )(?<!\bllamado )(?<!\bseite )(?<!\bsitio )"


def unaddressed(text: str, agents: Iterable[Agent]) -> str:
    """The text without the bare names of those it is for, which the hub leaves in it: who does it is no value of what is done.
    Names without a digit may be words of the request too, and stay."""
    names = tuple(agent.name for agent in agents if any(map(str.isdigit, agent.name)))
    if not names or not _QUOTES.isdisjoint(text):
        return text
    return _bare_names(names).sub(" ", text)


@lru_cache(maxsize=64)
def _bare_names(names: tuple[str, ...]) -> re.Pattern[str]:
    any_of = "|".join(map(re.escape, names))
    return re.compile(
        rf"(?<![\w.@/-]){_VALUE_FOLLOWS}{_PLACE}(?<![\w.@/=-])(?:{any_of})(?![\w@/-]|\.\w)",
        re.IGNORECASE,
    )
