"""Why a request may go to no model outside of the house. Called by `bot.cases.think` before any model is asked; pure.

Sensitive is what had a secret in it, what names private hosts or addresses, what the team's own words (`[llm] private`) match,
and what a pack is for that says `parley-privacy: local`.
"""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from bot.model.plans import Agent
from bot.model.ports import Hit
from bot.model.sections import Section

_SUFFIXES = (
    ".local",
    ".lan",
    ".internal",
    ".intranet",
    ".corp",
    ".home",
    ".home.arpa",
    ".private",
    ".localdomain",
    ".test",
)
_TOKEN = re.compile(r"[\w.:/@%-]+")
_ADDRESS = re.compile(r"[0-9A-Fa-f:.]{2,45}")
_EDGES = ".,:;!?@/"
_CUTS = tuple(map(re.compile, ("[/@]", "[/@:]", "[/@:_-]")))
"""Ever finer: a whole IPv6 address, `host:port` and `key:host`, a range."""


def why(texts: Iterable[str], mask: str, globs: Sequence[str]) -> str:
    """A sentence, or "" where everything may be told. `texts` is the conversation as stored, `mask` what stands in it for a
    secret; `globs` are compared with each word and each whole text, in lower case."""
    for text in texts:
        if mask in text:
            return "There is a secret in it, so no model outside was asked."
        low = text.casefold()
        if any(fnmatchcase(low, glob.casefold()) for glob in globs):
            return "It is private by [llm] private, so no model outside was asked."
        for word in _TOKEN.findall(low):
            if reason := _of_word(word, globs):
                return f"It names {reason}, so no model outside was asked."
    return ""


def hidden(agents: Iterable[Agent], globs: Sequence[str]) -> tuple[str, ...]:
    """The names of the agents whose name, aliases or labels are private."""
    return tuple(
        agent.name
        for agent in agents
        if any(
            _of_word(word, globs)
            for text in (agent.name, *agent.aliases, *agent.labels.values())
            for word in (text.casefold(), *_TOKEN.findall(text.casefold()))
        )
    )


def of_section(found: Sequence[tuple[Hit, Section]]) -> str:
    """As `why`, for what the words are about: the best section, and every one that they name."""
    about = [section for number, (hit, section) in enumerate(found) if not number or hit.covered]
    return of_sections(about)


def of_sections(sections: Iterable[Section]) -> str:
    """As `why`, for sections that are meant."""
    private = next((each.pack for each in sections if each.private), "")
    return (
        f"The pack {private} is for models at home only, so none outside was asked."
        if private
        else ""
    )


def _of_word(word: str, globs: Sequence[str]) -> str:
    bare = word.strip(_EDGES)
    parts = (part.rstrip(".") for cut in _CUTS for part in cut.split(bare) if part)
    for host in dict.fromkeys((bare, *parts)):
        if any(fnmatchcase(host, glob.casefold()) for glob in globs):
            return "something private"
        if host.endswith(_SUFFIXES):
            return "a private host"
        if _is_private(host):
            return "a private address"
    return ""


def _is_private(host: str) -> bool:
    text = host.partition("%")[0]
    if not _ADDRESS.fullmatch(text):
        return False
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    # Loopback is the same on every machine and tells nothing.
    return not (address.is_loopback or address.is_global or address.is_unspecified)
