"""The words around values: what introduces one, and what never is one. Called by `bot.planner.slots` and `bot.planner.offline`."""

import re
from functools import lru_cache

from bot.model.sections import Section, Slot
from bot.planner.lexicon import GERMAN, SPANISH

CALLED = frozenset(
    ("called", "named", "titled", "namens", "genannt", "llamado", "llamada", "llamados")
)

FILLERS = frozenset(
    (
        "is",
        "to",
        "of",
        "number",
        "as",
        "be",
        "should",
        "the",
        "with",
        "name",
        "no",
        "address",
        "at",
        "=",
    )
)

OF = frozenset(("of", "the", "des", "vom", "von", "del", "de"))

ARTICLES = frozenset(("the",))

TYPE_NOUNS = {
    "port": frozenset(("port", "puerto")),
    "ip": frozenset(("ip", "address")),
    "cidr": frozenset(("network", "subnet", "cidr")),
    "fqdn": frozenset(("domain", "host", "hostname", "site", "vhost", "domäne", "dominio")),
    "hostname": frozenset(("host", "hostname", "server", "machine")),
    "path": frozenset(
        ("path", "folder", "directory", "dir", "file", "root", "ordner", "verzeichnis", "carpeta")
    ),
    "url": frozenset(("url", "link", "page")),
    "email": frozenset(("email", "e-mail", "mail", "address")),
}

_FROM, _TO = frozenset(("from",)), frozenset(("to", "into"))
PREPOSITIONS = {
    "source": _FROM,
    "src": _FROM,
    "origin": _FROM,
    "from": _FROM,
    "target": _TO,
    "destination": _TO,
    "dest": _TO,
    "to": _TO,
    "domain": frozenset(("for",)),
}

_NOBODY = frozenset(
    (
        *(
            "everything",
            "anything",
            "something",
            "nothing",
            "everyone",
            "anyone",
            "someone",
            "somebody",
        ),
        *("anybody", "everybody", "nobody", "none", "each", "every", "both", "others", "stuff"),
        *("nicht", "kein", "keine", "no", "nada", "más", "mehr"),
    )
)

_FUNCTION_WORDS = (
    "using serving saying showing containing pointing because last first latest recent new old same other whole a about above after again all also am an and any are as asap at be been before below but by "
    "can could did do does down e.g for from has have here hey hi how i i'd i'm if immediately in "
    "into instead is it it's its just kindly like me more my near need never no not now of off on "
    "once one only onto or our out over please pls quickly right rather she should so soon that "
    "that's the their them then there these they this those thanks thx to today tomorrow tonight "
    "too under until up us via want was we were what when where which while who why will with "
    "without would yes yet you your called named titled"
)

ORDINARY = frozenset(_FUNCTION_WORDS.split()) | GERMAN | SPANISH | _NOBODY
"""Words that are never a name unless they are quoted."""

_WORD = re.compile(r"[^\W_][\w'’-]*")


def own_names(slot: Slot) -> frozenset[str]:
    """How people write the slot's name: `lines`, `line`, `log_lines`, `log-lines`."""
    return _own_names(slot.name)


@lru_cache(maxsize=4096)
def _own_names(name: str) -> frozenset[str]:
    low = name.casefold()
    forms = {low, low.replace("_", "-"), low.replace("-", "_")}
    return frozenset(forms | {form[:-1] for form in forms if form.endswith("s") and len(form) > 3})


def nouns(section: Section) -> frozenset[str]:
    """What the section is about: the words of its title and aliases behind the verb."""
    return _nouns((section.title, *section.aliases))


def all_words(section: Section) -> frozenset[str]:
    """Every word of the title and the aliases, ordinary ones apart."""
    return _all_words((section.title, *section.aliases))


def is_ordinary(word: str, section: Section) -> bool:
    """True when a bare word is more likely part of the sentence than a name."""
    return (
        word in ORDINARY
        or word in nouns(section)
        or word in _cues(tuple(slot.name for slot in section.slots))
    )


@lru_cache(maxsize=4096)
def _nouns(phrases: tuple[str, ...]) -> frozenset[str]:
    words = [_WORD.findall(phrase.casefold()) for phrase in phrases]
    kept = [[word for word in each if word not in ORDINARY] for each in words]
    return frozenset(word for each in kept for word in each[1:])


@lru_cache(maxsize=4096)
def _all_words(phrases: tuple[str, ...]) -> frozenset[str]:
    return frozenset(_WORD.findall(" ".join(phrases).casefold())) - ORDINARY


@lru_cache(maxsize=4096)
def _cues(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset().union(*map(_own_names, names), *TYPE_NOUNS.values())
