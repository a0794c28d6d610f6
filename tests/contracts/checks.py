"""What must hold of anything that was heard, whatever the platform. `test_the_suite_itself` shows that each can fail."""

import itertools
from collections.abc import Iterable

from bot.model.plans import ENDS, TRANSITIONS
from tests.contracts.heard import Heard


def each_once(heard: Heard, threads: Iterable[str], kind: str = "answer") -> None:
    """Every one of these threads has exactly one post, and it is of this kind."""
    wrong = {thread: kinds for thread in threads if (kinds := heard.kinds(thread)) != [kind]}
    assert not wrong, f"{len(wrong)} threads: {dict(list(wrong.items())[:10])}"


def nothing_new(before: Heard, after: Heard) -> None:
    """No message has come that was not there before; a reprint under the same id is none."""
    known = {line.message for line in before.posts()}
    fresh = [line for line in after.posts() if line.message not in known]
    assert not fresh, [(line.thread, line.kind, line.text[:80]) for line in fresh]


def told_the_truth(heard: Heard, card: str) -> None:
    """The card's states follow each other as the published table allows, and once ended it offers nothing to vote with."""
    states = heard.states(card)
    for before, after in itertools.pairwise(states):
        assert after in _reachable(before), states
    if states[-1] in ENDS:
        assert not heard.offers.get(card, frozenset()) & {"✅", "❌", "🛑"}, heard.offers[card]


def _reachable(state: str) -> set[str]:
    """Every state that may follow: edits are coalesced, so some are never seen."""
    found: set[str] = set()
    left = [state]
    while left:
        for after in TRANSITIONS[left.pop()]:  # type: ignore[index]  # states come as text from outside
            if after not in found:
                found.add(after)
                left.append(after)
    return found


def result_last(heard: Heard, card: str) -> None:
    """One result in the card's thread, after the card's last edit."""
    thread = heard.history(card)[0].thread
    results = [line for line in heard.posts(thread) if line.kind == "result"]
    assert len(results) == 1, heard.kinds(thread)
    last = max(number for number, line in enumerate(heard.lines) if line.message == card)
    assert list(heard.lines).index(results[0]) > last, heard.transcript()


def approved_by(heard: Heard, card: str, *people: str) -> None:
    """Nobody's votes but theirs were counted."""
    votes = heard.card(card).data["plan"]["approval"]["votes"]
    assert [vote["person"] for vote in votes] == list(people), votes
