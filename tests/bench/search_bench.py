"""Search over 6,000 made sections beside SQLite's FTS5 with porter stemming, in the same run. The corpus is the same every time."""

import gc
import random
import sqlite3
import statistics
import time
import tracemalloc
from collections.abc import Callable

from bot.model.sections import ExecTemplate, Piece, Risk, Section, Slot, Word
from capabilities.reading import STOP
from capabilities.search import Index
from tests.bench.rows import Row

PAGES = 6000
HELD_OUT = 1500

VERBS = (
    ("show", "print", "display", "view"), ("list", "enumerate", "print", "show"), ("add", "create", "make", "set up"),
    ("remove", "delete", "erase", "drop"), ("restart", "bounce", "reload", "start again"), ("stop", "halt", "end", "shut down"),
    ("check", "test", "validate", "verify"), ("update", "upgrade", "refresh", "bring up to date"), ("copy", "duplicate", "clone", "mirror"),
    ("search", "find", "look for", "locate"), ("compress", "pack", "archive", "shrink"), ("extract", "unpack", "decompress", "open"),
    ("rename", "change the name of", "relabel", "move"), ("count", "tally", "number", "sum up"), ("watch", "follow", "monitor", "observe"),
    ("enable", "turn on", "activate", "switch on"), ("disable", "turn off", "deactivate", "switch off"), ("back up", "save", "snapshot", "dump"),
    ("restore", "recover", "bring back", "load"), ("encrypt", "cipher", "seal", "protect"),
)  # fmt: skip
NOUNS = (
    ("file", "document"), ("folder", "directory"), ("disk", "volume", "drive"), ("process", "task"), ("service", "daemon", "unit"),
    ("user", "account"), ("group", "team"), ("certificate", "tls key"), ("container", "instance"), ("image", "template"),
    ("database", "schema"), ("table", "relation"), ("branch", "line of work"), ("commit", "revision"), ("package", "program"),
    ("network", "subnet"), ("route", "path to a network"), ("firewall rule", "packet filter"), ("dns record", "name entry"), ("log", "journal"),
    ("queue", "backlog"), ("message", "mail"), ("cluster", "fleet"), ("node", "machine"), ("bucket", "object store"),
    ("secret", "credential"), ("token", "api key"), ("timer", "scheduled job"), ("session", "login"), ("window", "pane"),
    ("video", "film"), ("sound", "audio track"), ("picture", "photo"), ("font", "typeface"), ("archive", "bundle"),
    ("checksum", "hash"), ("socket", "connection"), ("port", "listener"), ("module", "plugin"), ("repository", "source tree"),
)  # fmt: skip
KINDS = (
    "recursively", "by size", "older than a week", "in a remote region", "as json", "without asking", "with a dry run", "for one user",
    "sorted by time", "in the background", "from a backup", "matching a pattern", "on every node", "with verbose output", "in read only mode",
)  # fmt: skip
SYLLABLES = (
    "ka",
    "zo",
    "mi",
    "ter",
    "lux",
    "ban",
    "pri",
    "dor",
    "vel",
    "nox",
    "gra",
    "shi",
    "tum",
    "rel",
    "ow",
    "fen",
)


def corpus(pages: int, chance: random.Random) -> tuple[list[Section], list[tuple[str, str]]]:
    """Sections, and (held-out description, id) pairs whose wording stands in no section as such."""
    sections: list[Section] = []
    asked: list[tuple[str, str]] = []
    while len(sections) < pages:
        program = "".join(chance.sample(SYLLABLES, chance.choice((2, 3)))) + str(
            len(sections) // 10
        )
        for number in range(10):
            section, question = page(program, number, chance)
            sections.append(section)
            asked.append((question, section.id))
    return sections[:pages], asked[:pages]


def page(program: str, number: int, chance: random.Random) -> tuple[Section, str]:
    verb, noun, other = chance.choice(VERBS), chance.choice(NOUNS), chance.choice(NOUNS)
    kind, more = chance.sample(KINDS, 2)

    def sentence() -> str:
        return f"{chance.choice(verb)} a {chance.choice(noun)} {chance.choice((kind, more))}"

    example = f"{sentence()} with {program} and its {chance.choice(other)}"
    section = Section(
        id=f"{program}/{number}",
        pack=program,
        title=f"{verb[0]} a {noun[0]} {kind}",
        risk=Risk.READ,
        level=0,
        body=(ExecTemplate((words(f"{program} --{verb[0].split()[0]} --{noun[0].split()[-1]}"),)),),
        slots=(Slot("name", "name", description=f"the {noun[-1]} to {verb[0]}"),),
        aliases=(sentence(), f"{verb[1]} the {noun[0]}"),
        pack_aliases=(program, f"{program} tool"),
        description=f"{sentence()}. Works on every {chance.choice(other)} {more}.",
        examples=(example,),
    )
    keep = program if chance.random() < 0.4 else chance.choice(other)
    return (
        section,
        f"{chance.choice(verb)} the {chance.choice(noun)}s {chance.choice((kind, more))} using {keep}",
    )


def words(text: str) -> tuple[Word, ...]:
    return tuple(Word((Piece(word),)) for word in text.split())


class Fts:
    """The floor: one FTS5 table, porter stemming, bm25, the same stop words left out of the query."""

    def __init__(self, sections: list[Section]) -> None:
        self.base = sqlite3.connect(":memory:")
        self.base.execute(
            "CREATE VIRTUAL TABLE t USING fts5(id UNINDEXED, text, tokenize='porter unicode61')"
        )
        self.base.executemany(
            "INSERT INTO t VALUES (?, ?)", [(each.id, whole(each)) for each in sections]
        )

    def search(self, query: str) -> list[str]:
        kept = [
            f'"{word}"' for word in query.lower().split() if word not in STOP and word.isalnum()
        ]
        sql = "SELECT id FROM t WHERE t MATCH ? ORDER BY bm25(t) LIMIT 5"
        return [row[0] for row in self.base.execute(sql, (" OR ".join(kept),))] if kept else []


def whole(section: Section) -> str:
    body = " ".join(
        piece.text
        for template in section.body
        if isinstance(template, ExecTemplate)
        for stage in template.stages
        for word in stage
        for piece in word.pieces
    )
    parts = (
        section.title,
        *section.aliases,
        *section.pack_aliases,
        section.description,
        *section.examples,
        body,
    )
    return " ".join(parts)


def measure(search: Callable[[str], list[str]], asked: list[tuple[str, str]]) -> dict[str, float]:
    times, found = [], 0
    for question, wanted in asked:
        start = time.perf_counter()
        ids = search(question)
        times.append(time.perf_counter() - start)
        found += wanted in ids
    quantiles = statistics.quantiles(times, n=100)
    return {
        "p50_ms": round(quantiles[49] * 1e3, 4),
        "p99_ms": round(quantiles[98] * 1e3, 4),
        "recall_at_5": round(found / len(asked), 4),
    }


def memory(sections: list[Section]) -> float:
    """Megabytes that one index holds on to."""
    gc.collect()
    tracemalloc.start()
    index = Index(sections)
    index.search("a first search")
    gc.collect()
    held = tracemalloc.get_traced_memory()[0] / 1e6
    tracemalloc.stop()
    return round(held, 1)


def rows(*, quick: bool = False) -> list[Row]:
    """Recall is over descriptions that no section contains as such."""
    sections, asked = corpus(PAGES, random.Random(20261120))
    held_out = random.Random(7).sample(asked, 300 if quick else HELD_OUT)
    start = time.perf_counter()
    index = Index(sections)
    build = time.perf_counter() - start
    ours = measure(lambda query: [hit.id for hit in index.search(query, 5)], held_out)
    floor = measure(Fts(sections).search, held_out)
    told, pages = "FTS5 with porter", f"{PAGES:,} pages"
    recall = ours["recall_at_5"], floor["recall_at_5"]
    return [
        Row(f"search, {pages}, p50", ours["p50_ms"], "ms", floor["p50_ms"], told, 1.5),
        Row(f"search, {pages}, p99", ours["p99_ms"], "ms", floor["p99_ms"], told),
        Row(f"search, {pages}, recall@5", recall[0], "", recall[1], told, 1.0, "more", "ratio"),
        Row(f"search, {pages}, memory", memory(sections), "MB", aim=20.0),
        Row(f"search, {pages}, build", build, "s"),
    ]
