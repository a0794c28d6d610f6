"""Where in a request a slot's value may stand. Called by `bot.planner.slots`, which weighs what is offered here.

From the strongest kind to the weakest: `key=value`, the slot's own name, the type's nouns and prepositions, `called X`,
quoted text, `is X running`, `site X`, and last the looks of the value alone. Values of loose types (names, free text)
count only when they are quoted or introduced.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct, field

from bot.model.sections import Risk, Section, Slot, Value
from bot.planner.cues import (
    ARTICLES,
    CALLED,
    FILLERS,
    OF,
    PREPOSITIONS,
    TYPE_NOUNS,
    all_words,
    is_ordinary,
    nouns,
    own_names,
)
from bot.planner.shapes import STRONG, is_number_word, shape, value_like
from bot.planner.text import Token


class Offer(Struct, frozen=True):
    """One possible value: the ways to write it, and the places of the tokens it takes."""

    ways: tuple[Value, ...]
    places: frozenset[int]


class Scene(Struct):
    """A request read for one section. `lows` are the bare words ("" where a token is none), `taken` the places used up;
    `correcting` reads `make it X` and `use X` too."""

    section: Section
    tokens: Sequence[Token]
    correcting: bool
    lows: list[str]
    said: frozenset[str]
    taken: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, section: Section, tokens: Sequence[Token], correcting: bool) -> "Scene":
        lows = ["" if token.quoted or token.key else token.low for token in tokens]
        return cls(section, tokens, correcting, lows, frozenset(lows))

    def low(self, place: int) -> str:
        """The word at `place` when it is a bare one."""
        return self.lows[place] if 0 <= place < len(self.lows) else ""


Evidence = Callable[[Scene, Slot], Iterator[Offer]]


def shown(value: Value) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def keyed(scene: Scene, slot: Slot) -> Iterator[Offer]:
    for place, token in enumerate(scene.tokens):
        if token.key and token.key in own_names(slot):
            yield _plain(slot, token, place)


def by_name(scene: Scene, slot: Slot) -> Iterator[Offer]:
    """`port 8080`, `port: 8080`, `name is hello`, and for numbers `50 lines`."""
    if scene.said.isdisjoint(own_names(slot)):
        return
    for place, token in enumerate(scene.tokens):
        if scene.low(place) not in own_names(slot):
            continue
        if (
            slot.type == "int"
            and place
            and not token.mark
            and (offer := _shaped(scene, slot, place - 1))
        ):
            yield offer
        else:
            yield from _after(
                scene, slot, place, FILLERS - ARTICLES if _is_loose(slot) else FILLERS
            )


def by_noun_of_type(scene: Scene, slot: Slot) -> Iterator[Offer]:
    """`port 8080` for a slot `backend`, `from 10.0.0.1` for a slot `source`: only for what has the type's looks."""
    cues = TYPE_NOUNS.get(slot.type, frozenset()) | PREPOSITIONS.get(slot.name, frozenset())
    if scene.said.isdisjoint(cues):
        return
    for place in range(len(scene.tokens)):
        if scene.low(place) in cues:
            follower = _skip(scene, place + 1, FILLERS)
            if offer := _shaped(scene, slot, follower):
                yield offer
                yield from _others(scene, slot, follower)


def _others(scene: Scene, slot: Slot, place: int) -> Iterator[Offer]:
    """What is joined on with `or` or `and`: two values for one slot are a doubt, never a silent choice."""
    while scene.low(place + 1) in {"or", "and"} and (offer := _shaped(scene, slot, place + 2)):
        yield offer
        place += 2


def _is_loose(slot: Slot) -> bool:
    return slot.type not in STRONG and not (slot.type == "list" and slot.item in STRONG)


def called(scene: Scene, slot: Slot) -> Iterator[Offer]:
    if not _is_loose(slot) or scene.said.isdisjoint(CALLED | {"it", "use"}):
        return
    for place in range(len(scene.tokens)):
        word, before = scene.low(place), scene.low(place - 1)
        renaming = scene.correcting and (
            word == "use" or (word == "it" and before in {"make", "call", "name"})
        )
        if word in CALLED or (word == "it" and before in {"call", "name"}) or renaming:
            for offer in _after(scene, slot, place, frozenset()):
                yield _whole(scene, slot, offer)


def may_hold_values(tokens: Sequence[Token], slots: Iterable[Slot]) -> bool:
    """False when every slot needs something that looks like a value and nothing does: most questions end here."""
    if any(slot.type not in STRONG or slot.type == "enum" for slot in slots):
        return True
    return any(
        token.key or value_like(token) or is_number_word(token) or ":" in token.mark
        for token in tokens
    )


def _whole(scene: Scene, slot: Slot, offer: Offer) -> Offer:
    """`called Hello World` is offered whole, not cut to its first word: the type will say that it is no name."""
    last = max(offer.places)
    follower = scene.low(last + 1)
    if scene.tokens[last].quoted or scene.tokens[last].mark or slot.type == "list":
        return offer
    if not follower or is_ordinary(follower, scene.section):
        return offer
    words = f"{shown(offer.ways[0])} {scene.tokens[last + 1].text}"
    return Offer((words,), offer.places | {last + 1})


def quoted(scene: Scene, slot: Slot) -> Iterator[Offer]:
    if not _is_loose(slot):
        return
    places = [place for place, token in enumerate(scene.tokens) if token.quoted and not token.key]
    places = [place for place in places if place not in scene.taken]
    if slot.type == "list" and places:
        yield Offer((tuple(scene.tokens[place].text for place in places),), frozenset(places))
    elif slot.type != "list":
        yield from (_plain(slot, scene.tokens[place], place) for place in places)


def by_noun(scene: Scene, slot: Slot) -> Iterator[Offer]:
    """`remove the site hello`: a name behind the thing that the section is about; `log of nginx` where it only looks."""
    about = nouns(scene.section)
    if slot.type in STRONG or slot.type in {"text", "list"}:
        return
    looks = scene.section.risk is Risk.READ
    for place, word in enumerate(scene.lows):
        cue = word in about or (not place and word in scene.section.aliases)
        if cue and not scene.tokens[place].mark:
            # Without an `of` it may be a verb: `process the payments`.
            of = looks and scene.low(place + 1) in OF - ARTICLES
            yield from _after(scene, slot, place, OF if of else frozenset())


def as_subject(scene: Scene, slot: Slot) -> Iterator[Offer]:
    """`is nginx running`: what a section that only looks is asked about."""
    if slot.type not in {"name", "id"} or scene.section.risk is not Risk.READ:
        return
    about = all_words(scene.section)
    for place, word in enumerate(scene.lows[:-2]):
        if word in {"is", "are"} and scene.lows[place + 2] in about:
            yield from _after(scene, slot, place, frozenset())


def by_looks(scene: Scene, slot: Slot) -> Iterator[Offer]:
    if slot.type == "list":
        yield from _list(scene, slot)
    elif slot.type in STRONG:
        for place, token in enumerate(scene.tokens):
            looks = slot.type == "enum" or value_like(token) or is_number_word(token)
            if looks and (offer := _shaped(scene, slot, place)):
                yield offer


def _list(scene: Scene, slot: Slot) -> Iterator[Offer]:
    if slot.item not in STRONG:
        return
    item = Slot(slot.name, slot.item or "", choices=slot.choices)
    offers = [offer for place in range(len(scene.tokens)) if (offer := _shaped(scene, item, place))]
    offers = [offer for offer in offers if not offer.places & scene.taken]
    if offers:
        words = tuple(shown(offer.ways[0]) for offer in offers)
        yield Offer((words,), frozenset().union(*(offer.places for offer in offers)))


def _shaped(scene: Scene, slot: Slot, place: int) -> Offer | None:
    if not 0 <= place < len(scene.tokens) or scene.tokens[place].key:
        return None
    found = shape(slot, scene.tokens, place)
    return Offer(found[0], frozenset(range(place, place + found[1]))) if found else None


def _after(scene: Scene, slot: Slot, cue: int, fillers: frozenset[str]) -> Iterator[Offer]:
    """What stands behind a cue. A strong type takes what looks like it, or at least like no word; a loose one a word
    that is no ordinary one, or anything quoted."""
    place = _skip(scene, cue + 1, fillers)
    if place >= len(scene.tokens) or scene.tokens[place].key:
        return
    token = scene.tokens[place]
    if offer := _shaped(scene, slot, place):
        yield offer
        yield from _others(scene, slot, place)
    elif slot.type in STRONG:
        direct = place == cue + 1
        if direct and (value_like(token) or ":" in scene.tokens[cue].mark):
            yield _plain(slot, token, place)
    elif token.quoted or not is_ordinary(token.low, scene.section):
        yield _plain(slot, token, place)


def _skip(scene: Scene, place: int, fillers: frozenset[str]) -> int:
    last = place + 2
    while place < last and scene.low(place) in fillers:
        place += 1
    return place


def _plain(slot: Slot, token: Token, place: int) -> Offer:
    value: Value = (
        tuple(token.text.split(",")) if slot.type == "list" and not token.quoted else token.text
    )
    if slot.type == "list" and isinstance(value, str):
        value = (value,)
    return Offer((value,), frozenset((place,)))


EVIDENCE: tuple[Evidence, ...] = (
    keyed,
    by_name,
    by_noun_of_type,
    called,
    quoted,
    as_subject,
    by_noun,
    by_looks,
)
"""In order of strength."""
