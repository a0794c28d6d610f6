"""What the index finds, what it takes for values, and that pruning loses nothing."""

import random
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.sections import (
    ExecTemplate,
    HumanTemplate,
    Piece,
    Risk,
    Section,
    Slot,
    Word,
    WriteTemplate,
)
from capabilities.reading import Query
from capabilities.search import Index


def made(
    id: str, title: str, *aliases: str, pack_aliases: tuple[str, ...] = (), **more: object
) -> Section:
    return Section(
        id,
        id.partition("/")[0],
        title,
        Risk.READ,
        0,
        more.pop("body", ()),
        (),
        aliases,
        pack_aliases,
        **more,
    )


SECTIONS = (
    made("nginx/list", "list the sites", "show sites", pack_aliases=("nginx", "virtual host")),
    made(
        "nginx/proxy",
        "add a reverse proxy",
        "serve a domain",
        pack_aliases=("nginx", "virtual host"),
    ),
    made("nginx/log", "show the error log", pack_aliases=("nginx", "virtual host")),
    made("linux/disk", "show the disk space", "disk", "free space"),
    made("linux/log", "show the system log", "logs", "journal"),
    made("demo/list", "list the sites"),
)
INDEX = Index(SECTIONS)


def ids(query, **more):
    return [hit.id for hit in INDEX.search(query, **more)]


def covered(query, **more):
    return {hit.id: (hit.words, hit.rest) for hit in INDEX.search(query, **more) if hit.covered}


def test_covered_by_title_or_alias():
    assert covered("please add reverse proxies for shop.example.org to port 8080") == {
        "nginx/proxy": (3, 1)
    }
    assert covered("could you show me all the sites?") == {"nginx/list": (2, 0)}
    assert covered("add a proxy") == {}


def test_the_longest_phrase_counts():
    assert covered("show the free space of the disk") == {"linux/disk": (3, 0)}
    assert covered("disk") == {"linux/disk": (1, 0)}


def test_words_left_over_tell_equal_titles_apart():
    assert covered("list the nginx sites") == {"nginx/list": (2, 0), "demo/list": (2, 1)}


def test_stems():
    assert ids("journals")[0] == "linux/log"
    assert covered("Listing SITES") == {"nginx/list": (2, 0), "demo/list": (2, 0)}


def test_only_of_packs():
    assert ids("list sites", packs=["demo"]) == ["demo/list"]
    assert ids("list sites", packs=("linux",)) == []
    assert set(ids("show", packs=["linux", "nginx"])) <= {section.id for section in SECTIONS}
    assert ids("list sites", packs=[]) == []


def test_limit():
    assert len(ids("show list add disk log sites", limit=2)) == 2
    assert ids("disk", limit=0) == []


@pytest.mark.parametrize(
    "query",
    [
        "",
        "   ",
        "the of and",
        "zebra",
        "?!",
        "\0",
        "8080",
        "shop.example.org",
        "/var/log",
        "10.0.0.1:80",
    ],
)
def test_nothing_to_find(query):
    assert INDEX.search(query) == []


@pytest.mark.parametrize(
    "quoted",
    ['"disk space"', "'disk space'", "`disk space`", "“disk space”", "«disk»", "‘disk space’", "called disk", "named disk", "disk.log", "/disk/space", "x@disk", "https://disk", "a=disk"],
)  # fmt: skip
def test_values_are_no_search_words(quoted):
    assert ids(f"zebra {quoted} zebra") == []


def test_an_apostrophe_is_no_quote():
    assert covered("what's on the disk, it's full isn't it") == {"linux/disk": (1, 1)}


def test_the_key_is_a_word():
    assert ids("disk=/dev/sda") == ["linux/disk"]


def test_bodies_examples_slots_and_descriptions_are_searched():
    body = (
        ExecTemplate((((Word((Piece("--frobnicate"), Piece(slot="x")))),),)),
        WriteTemplate(Word((Piece("/etc/"), Piece(slot="x"))), (Piece("quuxify on"),)),
        HumanTemplate((Piece("wiggle the cable"),)),
    )
    slots = (
        Slot("wombat", "name", description="a marsupial"),
        Slot("hidden", "path", from_agent=True),
    )
    section = Section(
        "p/s",
        "p",
        "do it all",
        Risk.READ,
        0,
        body,
        slots,
        description="gnarl",
        examples=("snark it",),
    )
    index = Index((section, *SECTIONS))
    for word in ("frobnicate", "quuxify", "wiggle", "wombats", "marsupial", "gnarl", "snark"):
        assert [hit.id for hit in index.search(word)] == ["p/s"], word
    assert index.search("hidden") == []


def test_accents_are_folded():
    index = Index((made("p/c", "open the café"),))
    assert index.search("OPEN the Cafe")[0].covered
    assert index.search("open the cafe\u0301")[0].covered


def test_an_empty_library():
    assert Index(()).search("disk") == []


def test_the_memory_of_words_is_bounded():
    query = Query()
    for number in range(10_000):
        query.words(f"word{number}")
    assert len(query._read) <= 4096


@given(
    st.text(max_size=400),
    st.integers(0, 10),
    st.sampled_from([None, (), ("linux",), ("nginx", "demo")]),
)
def test_any_query_is_answered(query, limit, packs):
    hits = INDEX.search(query, limit, packs)
    assert len(hits) <= limit
    assert all(0 < hit.score <= 1 for hit in hits)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


VOCABULARY = [
    f"{a}{b}"
    for a in ("ka", "zo", "mi", "lux", "dor")
    for b in ("ban", "vel", "nox", "gra", "tum", "rel")
]


def big(chance: random.Random) -> list[Section]:
    return [
        made(
            f"p{number % 7}/{number}",
            " ".join(chance.choices(VOCABULARY, k=4)),
            description=" ".join(chance.choices(VOCABULARY, k=12)),
        )
        for number in range(1200)
    ]


BIG = big(random.Random(5))
WHOLE = Index(BIG)


@given(
    st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=7, unique=True),
    st.sampled_from([None, ("p1",), ("p1", "p2", "p5")]),
)
def test_pruning_changes_nothing(words, packs):
    """The best five of a short list are the first five of the whole list, which is never pruned."""
    query = " ".join(words)
    short, long = WHOLE.search(query, 5, packs), WHOLE.search(query, 5000, packs)
    most = max((hit.words for hit in long), default=0)
    sure = [hit for hit in long if most and hit.words == most][:3]
    others = [hit for hit in long if hit not in sure][: 5 - len(sure)]
    wanted = sorted((hit.score for hit in (*sure, *others)), reverse=True)
    assert [hit.score for hit in short] == pytest.approx(wanted)


def test_recall_is_that_of_fts5_at_least():
    chance = random.Random(9)
    base = sqlite3.connect(":memory:")
    base.execute(
        "CREATE VIRTUAL TABLE t USING fts5(id UNINDEXED, text, tokenize='porter unicode61')"
    )
    base.executemany(
        "INSERT INTO t VALUES (?, ?)",
        [(each.id, f"{each.title} {each.description}") for each in BIG],
    )
    ours = theirs = 0
    for section in chance.sample(BIG, 200):
        words = chance.sample(section.title.split(), 2) + chance.sample(
            section.description.split(), 2
        )
        ours += section.id in [hit.id for hit in WHOLE.search(" ".join(words), 5)]
        sql = "SELECT id FROM t WHERE t MATCH ? ORDER BY bm25(t) LIMIT 5"
        theirs += section.id in [row[0] for row in base.execute(sql, (" OR ".join(words),))]
    base.close()
    assert ours >= theirs > 0
