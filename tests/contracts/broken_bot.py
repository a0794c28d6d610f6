"""A bot that breaks one promise, for `test_the_suite_itself`: `python broken_bot.py PROMISE`. It speaks the console's lines.

honest  breaks none · twice  answers twice · deaf  forgets every seventh request · chatty  edits the card after the result ·
gullible  counts everybody's votes · liar  shows a card that was done as running again · pushy  keeps its controls · loud
says a private word aloud · forgetful  answers the same line again after a restart
"""

import json
import sys
from itertools import count
from typing import Any

OPERATORS = {"alice", "bob"}
CONTROLS = [{"action": "", "emoji": emoji, "label": ""} for emoji in ("✅", "❌")]


class BrokenBot:
    """Keeps nothing on disk: what it knows are the lines it has read."""

    def __init__(self, promise: str) -> None:
        self.promise = promise
        self.numbers = count(1)
        self.seen: set[str] = set()
        self.cards: dict[str, str] = {}
        self.heard = 0

    def line(self, line: dict[str, Any]) -> None:
        """One line of the input."""
        if line["id"] in self.seen:
            return
        self.seen.add(line["id"])
        if "text" in line:
            self.words(line["text"], line["thread"], line["id"])
        elif line.get("react") in {"✅", "❌"} and line["to"] in self.cards:
            self.vote(line["to"], line["as"])

    def words(self, text: str, thread: str, id: str) -> None:
        if not text.startswith("@infra"):
            return
        self.heard += 1
        self.put({"event": "react", "message": id, "emoji": "👀"})
        if "create a site" in text:
            message = f"p{next(self.numbers)}"
            self.cards[message] = thread
            self.card("post", message, "pending")
        elif self.promise != "deaf" or self.heard % 7:
            for _ in range(2 if self.promise == "twice" else 1):
                self.post(thread, "answer", "Filesystem")

    def vote(self, card: str, person: str) -> None:
        thread = self.cards[card]
        if person not in OPERATORS and self.promise != "gullible":
            alone = None if self.promise == "loud" else person
            self.post(thread, "answer", "Your ✅ did not count. Your ❌ did not count.", alone)
            return
        states = (
            ["running", "done", "running", "done"]
            if self.promise == "liar"
            else ["running", "done"]
        )
        for state in states:
            self.card("edit", card, state, person)
        self.post(thread, "result", "alice, done: it is there.")
        if self.promise == "chatty":
            self.card("edit", card, "done", person)

    def card(self, event: str, message: str, state: str, person: str = "") -> None:
        votes = [{"person": person}] if person else []
        keeps = state == "pending" or self.promise == "pushy"
        plan = {"id": "0000", "state": state, "approval": {"votes": votes}}
        report = {"kind": "plan", "plan": plan, "controls": CONTROLS if keeps else []}
        where = {"thread": self.cards[message], "only_to": None, "text": "a card"}
        self.put({"event": event, "message": message, **where, "report": report})

    def post(self, thread: str, kind: str, text: str, only_to: str | None = None) -> None:
        where = {"thread": thread, "only_to": only_to, "text": text, "report": {"kind": kind}}
        self.put({"event": "post", "message": f"p{next(self.numbers)}", **where})

    def put(self, line: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    bot = BrokenBot(sys.argv[1])
    for raw in sys.stdin:
        bot.line(json.loads(raw))
