"""Which sections a model is offered: those that the words of the conversation find. Called by `bot.planner.model` and
`bot.planner.session`; names and schemas of these, and nothing else of the catalogue, flow on."""

import re
from collections.abc import Iterable, Sequence
from itertools import chain, islice, zip_longest

from bot.model.ports import Catalogue, Request
from bot.model.sections import Section
from bot.planner.offline import LONGEST

MOST = 8
MOST_WISHES = 6
_JOINTS = re.compile(r"[,;.]\s|\b(?:and|then|und|dann|y|luego)\b", re.IGNORECASE)


def shortlist(catalogue: Catalogue, request: Request) -> list[Section]:
    """Found by the words of this message, whole and part by part, then by those of the thread (`and on web2 too` has none of
    its own); what is left of the places goes to the first of each pack in turn: a model reads languages that search does
    not."""
    here = packs(request)
    said = [turn.text for turn in reversed(request.turns) if turn.role == "user"]
    now = (request.text, request.before, *wishes(request.text), *wishes(request.before))
    found = dict.fromkeys(
        (*_found(catalogue, now, here), *_found(catalogue, said, here)),
    )
    others = zip_longest(*(catalogue.sections((each,)) for each in here))
    more = (each.id for each in chain.from_iterable(others) if each is not None)
    ids = dict.fromkeys((*found, *islice(more, 2 * MOST)))
    sections = (catalogue.section(id) for id in ids)
    return [each for each in sections if each is not None][:MOST]


def packs(request: Request) -> tuple[str, ...]:
    """The packs of all its agents, each once."""
    agents = (*request.agents, *request.others)
    return tuple(dict.fromkeys(pack for agent in agents for pack in agent.packs))


def wishes(text: str) -> list[str]:
    """The wishes of a sentence that holds several; none where there is one alone."""
    found = [part.strip() for part in _JOINTS.split(text[:LONGEST]) if part and part.strip()]
    return found[:MOST_WISHES] if len(found) > 1 else []


def _found(catalogue: Catalogue, texts: Iterable[str], here: Sequence[str]) -> list[str]:
    """The best of each text, then the second best of each, and so on."""
    wanted = dict.fromkeys(text[:LONGEST] for text in texts if text.strip())
    hits = [catalogue.search(text, MOST, here) for text in wanted]
    return [hit.id for rank in zip_longest(*hits) for hit in rank if hit is not None]
