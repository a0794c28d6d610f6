"""Who waits behind whom: events of one lane are handled one after another. Used by `bot.loops.dispatch` alone."""

from collections import deque

from bot.store.inbox import Received


class Lanes:
    """A lane is taken while one of its events is handled; the others stand behind it, in the order of acceptance."""

    def __init__(self) -> None:
        self._behind: dict[str, deque[Received]] = {}

    def __bool__(self) -> bool:
        """Whether anything is under way."""
        return bool(self._behind)

    def take(self, lane: str) -> bool:
        """Whether it was free. It is taken now."""
        if lane in self._behind:
            return False
        self._behind[lane] = deque()
        return True

    def enter(self, received: Received) -> bool:
        """Whether its lane was free and is now its own; otherwise it stands behind."""
        if self.take(received.lane):
            return True
        self._behind[received.lane].append(received)
        return False

    def leave(self, lane: str) -> Received | None:
        """What comes next in it; with nothing left the lane is free."""
        behind = self._behind[lane]
        if behind:
            return behind.popleft()
        del self._behind[lane]
        return None
