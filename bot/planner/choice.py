"""Which section a request means. Called by `bot.planner.offline`; the rule is that of the page on the interface, "Words"."""

import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import lru_cache
from itertools import chain, islice

from bot.model.ports import Catalogue, Hit, Unclear, Unknown
from bot.model.sections import Risk, Section

SHORTLIST = 8
ENOUGH = 0.4
"""The least score with which a section that is not covered may be meant: words of its commands alone do not reach it."""
CLEAR = 1.4
"""How many times the next one's score makes the first one's clear."""

_ACTS = frozenset(
    (
        "delete", "remove", "drop", "erase", "wipe", "kill", "stop", "restart", "start", "reboot", "install", "uninstall",
        "add", "create", "rotate", "truncate", "clear", "clean", "purge", "disable", "enable", "format", "upgrade", "update", "reload", "rename", "change",
        "edit", "modify", "move", "resize", "extend", "close", "block", "allow", "mount", "unmount", "set", "configure", "renew",
        "deploy", "migrate", "reset", "replace",
        "lösche", "entferne", "stoppe", "starte", "installiere", "leere",
        "borra", "borrar", "elimina", "eliminar", "reinicia", "reiniciar", "quita", "instala", "instalar", "vacía",
    )
)  # fmt: skip
_LAST_ACTS = frozenset(
    (
        "löschen",
        "entfernen",
        "stoppen",
        "starten",
        "neustarten",
        "installieren",
        "leeren",
        "anlegen",
        "hinzufügen",
        "ändern",
    )
)
"""Verbs of change where German puts them: at the end."""

_LEADS = frozenset(
    (
        "please", "pls", "hey", "hi", "hello", "can", "could", "would", "will", "you", "i", "i'd", "we", "want", "need",
        "like", "to", "kindly", "just", "let's", "go", "and", "now", "bitte", "por", "favor", "kannst", "du", "puedes",
    )
)  # fmt: skip
_FOREIGN = frozenset(
    (
        "der", "das", "den", "dem", "ein", "eine", "einen", "einem", "einer", "und", "oder", "ist", "sind", "wie", "wer",
        "wo", "warum", "welche", "auf", "für", "mit", "von", "zum", "zur", "im", "ich", "du", "mir", "bitte", "hinzu", "füge",
        "zeige", "zeig", "nicht", "alle", "el", "la", "los", "las", "un", "una", "en", "del", "al", "por", "para", "con",
        "que", "qué", "cuál", "cuánto", "cuánta", "está", "están", "favor", "le", "les", "des", "une", "sur", "dans", "et",
    )
)  # fmt: skip
_FREE = frozenset(("a", "an", "the", "of", "to", "in", "for"))
_NOT = re.compile(
    r"\b(?:do\s+not|don['’]?t|dont|never|must\s+not|should\s+not|shouldn['’]t|nicht|kein\w*|niemals|nunca)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"\"[^\"]*\"|`[^`]*`|“[^”]*”|«[^»]*»|‘[^’]*’|(?<!\w)'[^']*'(?!\w)")
_WORD = re.compile(r"[^\W_][\w'’-]*")

_Found = tuple[Hit, Section]


Fills = Callable[[Section], tuple[int, int]]
"""How many of a section's required slots a request leaves empty, and how many slots it fills."""


def choose(
    text: str, packs: Sequence[str], catalogue: Catalogue, fills: Fills
) -> Section | Unclear | Unknown:
    """The one section meant; a question where several fit equally; a refusal with the nearest three."""
    hits = catalogue.search(text, SHORTLIST, packs)
    found = [(hit, section) for hit in hits if (section := catalogue.section(hit.id)) is not None]
    words = [word.casefold() for word in _WORD.findall(_QUOTED.sub(" ", text))]
    acts, foreign = _acts(words), _is_foreign(words)
    fit = [pair for pair in found if not _contradicts(acts, foreign, *pair)]
    meant = _filled(fills, _literal(words, _covered(fit))) or _likely(fit)
    if not meant:
        return Unknown(
            "I know no capability for that.",
            _nearest([each for _, each in found], packs, catalogue),
        )
    hit, section = meant[0]
    if len(meant) > 1 or not (hit.covered or section.risk is Risk.READ):
        return which([each for _, each in meant])
    if section.risk is not Risk.READ and forbids(text):
        return Unknown("You asked me not to do something, so I do nothing.")
    return section


def forbids(text: str) -> bool:
    """True when the words, quoted ones apart, ask not to do something."""
    return bool(_NOT.search(_QUOTED.sub(" ", text)))


def which(sections: Sequence[Section]) -> Unclear:
    """The question between sections that fit equally, or about a single one that may be meant."""
    names = tuple(label(section) for section in sections)
    if len(names) == 1:
        return Unclear("section", f"Do you mean {names[0]}?", names)
    return Unclear("section", f"That can be {' or '.join(names)}. Which?", names)


def label(section: Section) -> str:
    """How people see a section: `nginx-sites: add a static site`."""
    return f"{section.pack}: {section.title}"


def _covered(found: Sequence[_Found]) -> list[_Found]:
    """The covered ones with most words; of those the ones that leave fewest words of the request unexplained."""
    covered = [pair for pair in found if pair[0].covered]
    if len(covered) < 2:
        return covered
    best = max((hit.words, -hit.rest) for hit, _ in covered)
    return [pair for pair in covered if (pair[0].words, -pair[0].rest) == best]


def _literal(words: Sequence[str], tied: list[_Found]) -> list[_Found]:
    """Of those that are equal by stems the ones with a title or alias that stands there letter by letter, if any."""
    if len(tied) < 2:
        return tied
    said = frozenset(words) | _FREE
    exact = [
        pair
        for pair in tied
        if any(
            said.issuperset(phrase.casefold().split())
            for phrase in (pair[1].title, *pair[1].aliases)
        )
    ]
    return exact or tied


def _filled(fills: Fills, tied: list[_Found]) -> list[_Found]:
    """Of those that are equal by their words the ones that lack nothing, and of these the ones with most values found."""
    if len(tied) < 2:
        return tied
    whole = [(pair, filled) for pair in tied for empty, filled in [fills(pair[1])] if not empty]
    most = max((filled for _, filled in whole), default=0)
    return [pair for pair, filled in whole if filled == most] or tied


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


def _contradicts(acts: frozenset[str], foreign: bool, hit: Hit, section: Section) -> bool:
    """A wish to change something is not answered by a look, nor by what shares other words with it, nor one in another
    language by the one word it shares."""
    if foreign and hit.words < 2:
        return True
    if not acts or (hit.covered and section.risk is not Risk.READ):
        return False
    return not acts <= (_verbs(section) if section.risk is Risk.READ else _known(section))


def _acts(words: Sequence[str]) -> frozenset[str]:
    """The verb of change with which the request begins, or ends in German."""
    first, last = _first(words), words[-1] if words else ""
    return frozenset(
        (*([first] if _is_act(first) else ()), *([last] if last in _LAST_ACTS else ()))
    )


def _is_foreign(words: Sequence[str]) -> bool:
    return len(_FOREIGN.intersection(words)) > 1


def _first(words: Sequence[str]) -> str:
    return next((word for word in words if word not in _LEADS), "")


@lru_cache(maxsize=4096)
def _is_act(word: str) -> bool:
    """True for a verb of change, one misspelt too."""
    if word in _ACTS:
        return True
    near = [
        act
        for act in _ACTS
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
