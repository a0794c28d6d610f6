"""Finding sections by words: BM25 over weighted fields, in memory. Called by `capabilities.library`; hits go to the planner.

A query is read as a request somebody typed: quoted text and plain values (hosts, addresses, paths, numbers) are no
search words. A section is *covered* when every word of its title or of one of its aliases stands in the query.
"""

import heapq
import math
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from bot.model.ports import Hit
from bot.model.sections import ExecTemplate, HumanTemplate, Piece, Section, Template, WriteTemplate
from capabilities.reading import Query, Reading

TITLE, ALIAS, EXAMPLE, DESCRIPTION, PACK, BODY = 3.0, 2.5, 2.0, 2.0, 1.5, 1.0
SATURATION = 1.0
LENGTH = 0.4
COVERAGE = 0.3
"""What the covered words of a section count for once more."""

LONG = 64
"""Postings from which it pays to ask whether a list can still bring a winner."""
KEPT_MASKS = 64

_Covered = dict[int, tuple[str, ...]]
"""For each covered section the longest of its titles and aliases that stands in the query."""


class Index:
    """An index over `sections`, for one thread: the stemmer and the bounded memories are not locked."""

    def __init__(self, sections: Sequence[Section]) -> None:
        reading = Reading()
        self._query = Query()
        self._ids = [section.id for section in sections]
        self._packs = [section.pack for section in sections]
        self._masks: dict[tuple[str, ...], bytes | None] = {}
        self._post([_weigh(section, reading) for section in sections])
        self._anchor(sections, reading)

    def search(self, query: str, limit: int = 8, packs: Sequence[str] | None = None) -> list[Hit]:
        """The best sections, best first, at most `limit`; only of `packs` when given.

        `score` is between 0 and 1: how much of the query's weight the section carries, coverage included.
        """
        words = self._query.words(query)
        known = [self._terms[word] for word in words if word in self._terms]
        if not known or limit < 1:
            return []
        allowed = None if packs is None else self._mask(tuple(packs))
        total = sum(map(self._rarity.__getitem__, known)) + self._unknown * (
            len(words) - len(known)
        )
        covered = self._covered(words, allowed)
        scores = self._score(known, limit, allowed, covered)
        if len(scores) > LONG:
            least = heapq.nlargest(limit, scores.values())[-1]
            scores = {
                doc: score for doc, score in scores.items() if score >= least or doc in covered
            }
        ranked = [
            (self._coverage(covered.get(doc, ())) + score, -doc) for doc, score in scores.items()
        ]
        ranked.sort(reverse=True)
        crowded = covered and len(ranked) > limit
        best = _with_covered(ranked, covered, limit) if crowded else ranked[:limit]
        total *= 1 + COVERAGE
        return [self._hit(-doc, score / total, covered, known, words) for score, doc in best]

    def _coverage(self, phrase: tuple[str, ...]) -> float:
        return COVERAGE * sum(self._rarity[self._terms[word]] for word in phrase) if phrase else 0.0

    def _hit(
        self, doc: int, score: float, covered: _Covered, known: list[int], words: set[str]
    ) -> Hit:
        phrase = covered.get(doc)
        if phrase is None:
            return Hit(self._ids[doc], score)
        rest = len(words)
        for term in known:
            end = self._starts[term + 1]
            place = bisect_left(self._docs, doc, self._starts[term], end)
            rest -= place < end and self._docs[place] == doc
        return Hit(self._ids[doc], score, True, len(phrase), rest)

    def _mask(self, packs: tuple[str, ...]) -> bytes | None:
        """One byte per section, not zero where its pack is allowed; None when all are."""
        if packs not in self._masks:
            if len(self._masks) >= KEPT_MASKS:
                self._masks.clear()
            mask = bytes(pack in packs for pack in self._packs)
            self._masks[packs] = mask if 0 in mask else None
        return self._masks[packs]

    def _covered(self, words: set[str], allowed: bytes | None) -> _Covered:
        found: _Covered = {}
        phrases = chain.from_iterable(
            [self._phrases[word] for word in words if word in self._phrases]
        )
        for phrase, doc in phrases:
            if not words.issuperset(phrase) or (allowed is not None and not allowed[doc]):
                continue
            if len(phrase) > len(found.get(doc, ())):
                found[doc] = phrase
        return found

    def _score(
        self, terms: list[int], limit: int, allowed: bytes | None, covered: Iterable[int]
    ) -> dict[int, float]:
        """The sums of all impacts. A long list late in the order adds no section that could not win any more (MaxScore)."""
        scores = dict.fromkeys(covered, 0.0)
        terms.sort(key=self._top.__getitem__, reverse=True)
        left = sum(map(self._top.__getitem__, terms))
        for term in terms:
            start, end = self._starts[term], self._starts[term + 1]
            if end - start > LONG and self._decided(scores, limit, left):
                self._raise(scores, start, end)
            else:
                self._add(scores, start, end, allowed)
            left -= self._top[term]
        return scores

    def _decided(self, scores: dict[int, float], limit: int, left: float) -> bool:
        """True when `limit` sections have more than any section not yet seen can reach."""
        if len(scores) < limit or max(scores.values()) <= left:
            return False
        return heapq.nlargest(limit, scores.values())[-1] > left

    def _add(self, scores: dict[int, float], start: int, end: int, allowed: bytes | None) -> None:
        get = scores.get
        postings = zip(self._docs[start:end], self._impacts[start:end], strict=True)
        if allowed is None:
            for doc, impact in postings:
                scores[doc] = get(doc, 0.0) + impact
        else:
            for doc, impact in postings:
                if allowed[doc]:
                    scores[doc] = get(doc, 0.0) + impact

    def _raise(self, scores: dict[int, float], start: int, end: int) -> None:
        if len(scores) * 3 > end - start:
            for doc, impact in zip(self._docs[start:end], self._impacts[start:end], strict=True):
                if doc in scores:
                    scores[doc] += impact
            return
        for doc in scores:
            place = bisect_left(self._docs, doc, start, end)
            if place < end and self._docs[place] == doc:
                scores[doc] += self._impacts[place]

    def _post(self, fields: list[dict[str, float]]) -> None:
        """Lay all postings out in three flat arrays, with every impact computed once."""
        postings: defaultdict[str, list[int]] = defaultdict(list)
        for doc, weights in enumerate(fields):
            for word in weights:
                postings[word].append(doc)
        lengths = [sum(weights.values()) for weights in fields]
        usual = sum(lengths) / len(lengths) if lengths else 1.0
        slow = [SATURATION * (1 - LENGTH + LENGTH * length / (usual or 1.0)) for length in lengths]
        self._terms: dict[str, int] = {}
        self._starts, self._docs = array("I", [0]), array("I")
        self._impacts, self._top, self._rarity = array("f"), array("f"), array("f")
        self._unknown = _rarity(len(fields), 0)
        for word, docs in postings.items():
            rarity = _rarity(len(fields), len(docs))
            impacts = [rarity * fields[doc][word] / (fields[doc][word] + slow[doc]) for doc in docs]
            self._terms[word] = len(self._terms)
            self._docs.extend(docs)
            self._impacts.extend(impacts)
            self._starts.append(len(self._docs))
            self._top.append(max(impacts))
            self._rarity.append(rarity)

    def _anchor(self, sections: Sequence[Section], reading: Reading) -> None:
        """File each title and alias under its rarest word, so that a query meets few of them."""
        interned = {word: word for word in self._terms}
        self._phrases: dict[str, list[tuple[tuple[str, ...], int]]] = {}
        for doc, section in enumerate(sections):
            for phrase in (section.title, *section.aliases):
                words = tuple(
                    interned[word]
                    for word in dict.fromkeys(reading.asked(phrase))
                    if word in interned
                )
                if words:
                    rarest = max(words, key=lambda word: self._rarity[self._terms[word]])
                    self._phrases.setdefault(rarest, []).append((words, doc))


def _with_covered(
    ranked: list[tuple[float, int]], covered: _Covered, limit: int
) -> list[tuple[float, int]]:
    """The best `limit`, among which the most covered ones always are: they beat the others however little they score."""
    most = max(map(len, covered.values()))
    sure = [each for each in ranked if len(covered.get(-each[1], ())) == most][: (limit + 1) // 2]
    others = [each for each in ranked if each not in sure]
    return sorted(sure + others[: limit - len(sure)], reverse=True)


def _weigh(section: Section, reading: Reading) -> dict[str, float]:
    """How often each word stands in the section, weighted by where."""
    weights: dict[str, float] = {}
    for weight, texts in (
        (TITLE, (section.title,)),
        (ALIAS, section.aliases),
        (EXAMPLE, section.examples),
        (DESCRIPTION, (section.description,)),
        (PACK, (section.pack, *section.pack_aliases)),
        (BODY, (*_slots(section), *_body(section.body))),
    ):
        for word, times in Counter(
            word for text in texts for word in reading.written(text)
        ).items():
            weights[word] = weights.get(word, 0.0) + weight * times
    return weights


def _slots(section: Section) -> Iterator[str]:
    for slot in section.slots:
        if not slot.from_agent:
            yield f"{slot.name} {slot.description}"


def _body(body: Iterable[Template]) -> Iterator[str]:
    for template in body:
        for pieces in _pieces(template):
            yield "".join(piece.text if piece.slot is None else " " for piece in pieces)


def _pieces(template: Template) -> Iterator[tuple[Piece, ...]]:
    match template:
        case ExecTemplate():
            yield from (word.pieces for stage in template.stages for word in stage)
        case WriteTemplate():
            yield from (template.path.pieces, template.content)
        case HumanTemplate():
            yield template.text


def _rarity(sections: int, having: int) -> float:
    return math.log(1 + (sections - having + 0.5) / (having + 0.5))
