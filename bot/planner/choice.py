"""Which section a request means. Called by `bot.planner.offline`; the rule is that of the page on the interface, "Words"."""

import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import lru_cache
from itertools import chain, islice

from msgspec import Struct

from bot.model.ports import Catalogue, Hit, Unclear, Unknown
from bot.model.sections import Risk, Section
from bot.planner.doubts import doubtful, unexplained, unquoted
from bot.planner.lexicon import ACTS, FOREIGN, LAST_ACTS, LEADS
from bot.planner.shapes import HOST
from bot.planner.slots import Found
from bot.planner.text import read

SHORTLIST = 8
ENOUGH = 0.4
"""The least score with which a section that is not covered may be meant: words of its commands alone do not reach it."""
CLEAR = 1.4
"""How many times the next one's score makes the first one's clear."""

_FREE = frozenset(("a", "an", "the", "of", "to", "in", "for"))
_NOT = re.compile(
    r"\b(?:do\s+not|don['’]?t|dont|never|must\s+not|should\s+not|shouldn['’]t|nicht|kein\w*|niemals|nunca)\b",
    re.IGNORECASE,
)
_NO = re.compile(
    r"(?:^|[.,;:!?¡¿])\s*no\s+(?:(?:lo|la|los|las|me|te|se)\s+)?\w+(?:es|as|en|an)\b", re.IGNORECASE
)
"""In Spanish a `no` before the verb."""
_WORD = re.compile(r"[^\W_][\w'’-]*")
OF_A_HOST = "domain site"
"""What a domain is a word for."""

_Found = tuple[Hit, Section]


Fills = Callable[[Section], tuple[int, Found]]
"""How many of a section's required slots a request leaves empty, and what it fills."""


class Wish(Struct, frozen=True):
    """A request to be understood: what may be meant, and who it is for. `names` are those of the agents, folded;
    `extra` words to be found besides those of the text; what is above `only` is never meant for certain."""

    text: str
    packs: Sequence[str]
    catalogue: Catalogue
    fills: Fills
    names: frozenset[str] = frozenset()

    extra: str = ""
    only: Risk = Risk.DESTROY

    def search(self, text: str) -> list[Hit]:
        """The best sections for some words of it."""
        return self.catalogue.search(f"{text} {self.extra}".strip(), SHORTLIST, self.packs)


def has_host(text: str) -> bool:
    """True when a domain stands there as a bare word."""
    if "." not in text:
        return False
    return any(HOST.fullmatch(token.text) for token in read(text) if not token.quoted)


def choose(wish: Wish) -> Section | Unclear | Unknown:
    """The one section meant; a question where several fit equally, or one not for certain; a refusal with the nearest three."""
    catalogue = wish.catalogue
    found = [
        (hit, section)
        for hit in wish.search(wish.text)
        if (section := catalogue.section(hit.id)) is not None
    ]
    words = [word.casefold() for word in _WORD.findall(unquoted(wish.text))]
    acts, foreign = _acts(words), _is_foreign(words)
    fit = [pair for pair in found if not _contradicts(wish, acts, foreign, *pair)]
    meant = _filled(wish.fills, _literal(words, _covered(wish, fit))) or _likely(fit)
    if not meant:
        return Unknown(
            "I know no capability for that.",
            _nearest([each for _, each in found], wish.packs, catalogue),
        )
    hit, section = meant[0]
    if (
        len(meant) > 1
        or not (hit.covered or section.risk is Risk.READ)
        or section.risk.rank > wish.only.rank
    ):
        return which([each for _, each in meant])
    if section.risk is not Risk.READ and forbids(wish.text):
        return Unknown("You asked me not to do something, so I do nothing.")
    return which([section]) if _is_doubtful(wish, section) else section


def _is_doubtful(wish: Wish, section: Section) -> bool:
    def covers(part: str) -> bool:
        return any(hit.id == section.id and hit.covered for hit in wish.search(part))

    empty, filled = wish.fills(section)
    if empty or filled.refused or filled.doubt:
        return False  # there is a question already
    return doubtful(wish.text, section, filled, wish.names, covers)


def forbids(text: str) -> bool:
    """True when the words, quoted ones apart, ask not to do something."""
    plain = unquoted(text)
    if _NOT.search(plain):
        return True
    return bool(_NO.search(plain)) and _is_foreign(plain.casefold().split())


def which(sections: Sequence[Section]) -> Unclear:
    """The question between sections that fit equally, or about a single one that may be meant."""
    names = tuple(label(section) for section in sections)
    if len(names) == 1:
        return Unclear("section", f"Do you mean {names[0]}?", names)
    return Unclear("section", f"That can be {' or '.join(names)}. Which?", names)


def label(section: Section) -> str:
    """How people see a section: `nginx-sites: add a static site`."""
    return f"{section.pack}: {section.title}"


def _covered(wish: Wish, found: Sequence[_Found]) -> list[_Found]:
    """The covered ones that explain all of the request, if any; of these the ones with most words, and then those that leave
    fewest words to no section's text."""
    covered = [pair for pair in found if pair[0].covered]
    if len(covered) < 2:
        return covered
    covered = [pair for pair in covered if _explains(wish, pair[1])] or covered
    best = max((hit.words, -hit.rest) for hit, _ in covered)
    return [pair for pair in covered if (pair[0].words, -pair[0].rest) == best]


def _explains(wish: Wish, section: Section) -> bool:
    found = wish.fills(section)[1]
    return not (found.left or unexplained(wish.text, section, found.taken, wish.names))


def _literal(words: Sequence[str], tied: list[_Found]) -> list[_Found]:
    """Of those that are equal by stems the ones of which the longest title or alias stands there letter by letter, if any."""
    if len(tied) < 2:
        return tied
    said = frozenset(words) | _FREE
    lengths = [(pair, _longest(said, pair[1])) for pair in tied]
    most = max(length for _, length in lengths)
    return [pair for pair, length in lengths if length == most]


def _longest(said: frozenset[str], section: Section) -> int:
    """Of the titles and aliases that stand there the words of the longest; 0 where none does."""
    phrases = (phrase.casefold().split() for phrase in (section.title, *section.aliases))
    found = [frozenset(phrase) - _FREE for phrase in phrases if said.issuperset(phrase)]
    return max(map(len, found), default=0)


def _filled(fills: Fills, tied: list[_Found]) -> list[_Found]:
    """Of those that are equal by their words the ones that lack nothing, and of these the ones with most values found."""
    if len(tied) < 2:
        return tied
    filled = [(pair, *fills(pair[1])) for pair in tied]
    whole = [(pair, len(found.slots)) for pair, empty, found in filled if not empty]
    most = max((count for _, count in whole), default=0)
    return [pair for pair, count in whole if count == most] or tied


def _likely(found: Sequence[_Found]) -> list[_Found]:
    """Without cover: the first one when it is good and clear, the few that are as good when it is not."""
    if not found or found[0][0].score < ENOUGH:
        return []
    return [pair for pair in found if pair[0].score * CLEAR >= found[0][0].score][:3]


def _nearest(found: list[Section], packs: Sequence[str], catalogue: Catalogue) -> tuple[str, ...]:
    # Pack by pack and only as far as needed: there may be thousands.
    others = chain.from_iterable(catalogue.sections((pack,)) for pack in packs)
    more = islice((section for section in others if section not in found), max(0, 3 - len(found)))
    return tuple(label(section) for section in (*found[:3], *more))


def _contradicts(
    wish: Wish, acts: frozenset[str], foreign: bool, hit: Hit, section: Section
) -> bool:
    """A wish to change something is not answered by a look, nor by what shares other words with it, nor one in another
    language by the one word it shares."""
    if foreign and hit.words < 2:
        taken = wish.fills(section)[1].taken
        if not hit.covered or unexplained(wish.text, section, taken, wish.names):
            return True
    if not acts or (hit.covered and section.risk is not Risk.READ):
        return False
    return not acts <= (_verbs(section) if section.risk is Risk.READ else _known(section))


def _acts(words: Sequence[str]) -> frozenset[str]:
    """The verb of change with which the request begins, or ends in German."""
    first, last = _first(words), words[-1] if words else ""
    return frozenset((*([first] if _is_act(first) else ()), *([last] if last in LAST_ACTS else ())))


def _is_foreign(words: Sequence[str]) -> bool:
    return len(FOREIGN.intersection(words)) > 1


def _first(words: Sequence[str]) -> str:
    return next((word for word in words if word not in LEADS), "")


@lru_cache(maxsize=4096)
def _is_act(word: str) -> bool:
    """True for a verb of change, one misspelt too."""
    if word in ACTS:
        return True
    near = [
        act
        for act in ACTS
        if act[0] == word[:1] and abs(len(act) - len(word)) < 2 and len(word) > 4
    ]
    return bool(near and get_close_matches(word, near, 1, 0.8))


def _known(section: Section) -> frozenset[str]:
    return _words_of((section.title, *section.aliases))


def _verbs(section: Section) -> frozenset[str]:
    """The words with which the title and the aliases begin."""
    return frozenset(
        phrase.casefold().split(" ", 1)[0] for phrase in (section.title, *section.aliases)
    )


@lru_cache(maxsize=4096)
def _words_of(phrases: tuple[str, ...]) -> frozenset[str]:
    return frozenset(" ".join(phrases).casefold().split())
