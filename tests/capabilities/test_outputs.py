"""Outputs of earlier steps: what may stand where, what comes of it, and that nothing else of an approved step ever changes."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.cases.graph import Joined, join
from bot.model.errors import TemporaryError
from bot.model.plans import Agent, Draft, Step
from bot.model.runs import Returned
from bot.model.sections import (
    Ask,
    Exec,
    OpenAsk,
    OpenExec,
    OpenText,
    OpenWrite,
    Output,
    Planned,
    Refusal,
    Return,
    Section,
    Slot,
    Value,
    Write,
)
from capabilities import matching, types
from capabilities.filling import StepOutputs
from capabilities.guard import StepGuard
from capabilities.outputs import FITS, joined, node
from capabilities.render import SectionRenderer
from tests.capabilities.making import HEADER, page, section

AGENT = Agent("here", "ssh://u@host:22", ("pack",), level=3, vars={"root": "/srv"})
GUARD = StepGuard()
OUTPUTS = StepOutputs(GUARD)
ROWS = """\
| name | name | | |
| host | fqdn | | |
| ip | ip | | |
| id | int | 100..999 | |
| kind | enum | one of a, b | |
| code | pattern | matches [a-c]{1,9} | |
| path | path | under /srv | |
| url | url | | |
| note | text | | |
| zone | fqdn | optional | |
| port | port | optional | |
| root | path | from agent | |
"""
BLOCK = """\
assemble {name} x{id}y{kind} {zone?--zone} {port?--port=} {url}
note {code} -- {note}
cat > {root}/{host}.json <<'END'
{"ip": {ip}, "port": {id}, "note": {note}, "lit": "x"}
END
list {path}/{name} | count -l
"""
REST = "### Verify\n```bash\ncat {root}/{host}.json\n```\n### Rollback\n```bash\ndismantle {name} {path}\n```\n```human\nTell {host} of {note}.\n```"
ENCODERS = ("json", "yaml", "ini")
SECTIONS = {
    way: section(BLOCK, rows=ROWS, bullets=f"- Encode: {way}", rest=REST) for way in ENCODERS
}
GOOD: dict[str, st.SearchStrategy[str]] = {
    "name": st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,20}", fullmatch=True),
    "host": st.sampled_from(["a.example", "shop.example.org"]),
    "ip": st.ip_addresses().map(str).filter(lambda text: "%" not in text),
    "id": st.integers(100, 999).map(str),
    "kind": st.sampled_from("ab"),
    "code": st.from_regex(r"[a-c]{1,9}", fullmatch=True),
    "path": st.sampled_from(["/srv", "/srv/x", "/srv/a/b"]),
    "url": st.sampled_from(["http://a.example/", "https://b.example:8443/x?y=1&z=2"]),
    # Without '/': a word that may name the root is the floor's to refuse (tests/capabilities/test_floor.py).
    "note": st.from_regex(r"[ !-,.0-~][ -.0-~]{0,40}", fullmatch=True),
    "zone": st.sampled_from(["z.example"]),
    "port": st.integers(1, 65535).map(str),
}
ANY_TEXT = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        ["a b", "'", '"', "a\nb", "-rf", "--x", ";", "$(x)", "`x`", "ü", "\u202e", "", "\0", "..", "/srv/../etc"]
    ),
    st.sampled_from(["169.254.169.254", "http://169.254.169.254/", "x" * 100_000, "1", "a", "/srv/x"]),
)  # fmt: skip


def step(made: Section, slots: dict[str, Value], outputs: dict[str, Output]) -> Step:
    result = SectionRenderer().render(made, slots, AGENT, outputs)
    assert not isinstance(result, Refusal), result
    values, ready = result
    return Step(
        *("s2", AGENT, "here", made, values, ready.actions, ready.preview, ready.verify),
        ready.rollback,
        needs=("s1",),
        outputs=outputs,
    )


def output(made: Section, slot: str) -> Output:
    declared = made.slot(slot)
    assert declared is not None
    return Output("s1", f"o-{slot}", declared.type, declared.rule)


@st.composite
def steps(draw: st.DrawFn) -> tuple[Step, dict[str, str]]:
    """A step, some of whose slots are open, and a good value for each of these, by slot."""
    made = SECTIONS[draw(st.sampled_from(ENCODERS))]
    values = {name: draw(strategy) for name, strategy in GOOD.items()}
    for name in ("zone", "port"):
        if draw(st.booleans()):
            del values[name]
    opened = draw(st.sets(st.sampled_from(sorted(values)), min_size=1))
    slots: dict[str, Value] = {name: each for name, each in values.items() if name not in opened}
    found = step(made, slots, {name: output(made, name) for name in opened})
    return found, {name: values[name] for name in opened}


def known(values: dict[str, str]) -> dict[tuple[str, str], str]:
    return {("s1", f"o-{name}"): value for name, value in values.items()}


def texts(action: Planned) -> Iterator[str | OpenText]:
    """Every text of an action, in order."""
    match action:
        case Exec(stages) | OpenExec(stages):
            yield from (word for stage in stages for word in stage)
        case Write(path, content) | OpenWrite(path, content):
            yield from (path, content)
        case Ask(text) | OpenAsk(text):
            yield text


def shape(action: Planned) -> list[int]:
    """How many words each stage has; nothing for what is no command."""
    return [len(stage) for stage in action.stages] if isinstance(action, Exec | OpenExec) else []


def everything(found: Step) -> list[Planned]:
    return [*found.actions, *found.preview, *found.verify, *found.rollback]


def around(template: str | OpenText, text: str) -> bool:
    """Whether the text is the template with something, anything, in the places of its nodes."""
    if isinstance(template, str):
        return template == text
    at = 0
    literal = [part for part in template.parts if isinstance(part, str)]
    for part in literal:
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    first, last = template.parts[0], template.parts[-1]
    starts = not isinstance(first, str) or text.startswith(first)
    return starts and (not isinstance(last, str) or text.endswith(last))


@settings(max_examples=120, deadline=None)
@given(steps())
def test_what_runs_is_what_was_approved_with_only_the_nodes_replaced(
    made: tuple[Step, dict[str, str]],
) -> None:
    found, values = made
    assert GUARD.check(found) is None
    filled = OUTPUTS.fill(found, known(values))
    if isinstance(filled, Refusal):
        assert filled.rule == "metadata address"
        return
    assert replace(filled, **OPENED) == replace(found, **OPENED), (
        "nothing but what is made of slots"
    )
    assert filled.outputs == {}
    assert filled.slots == {**found.slots, **values}
    for before, after in zip(everything(found), everything(filled), strict=True):
        assert isinstance(after, Exec | Write | Ask)
        assert shape(before) == shape(after)
        for template, text in zip(texts(before), texts(after), strict=True):
            assert isinstance(text, str)
            assert around(template, text)
            if isinstance(template, OpenText) and not isinstance(before, OpenWrite):
                assert text == by_hand(template, values)
    closed = SectionRenderer().render(found.section, given_slots(filled), AGENT)
    assert not isinstance(closed, Refusal)
    assert closed[1].actions == filled.actions


OPENED = {
    **{"slots": {}, "outputs": {}, "actions": (), "preview": (), "verify": (), "rollback": ()},
}


def by_hand(template: OpenText, values: dict[str, str]) -> str:
    return "".join(
        part if isinstance(part, str) else values[part.name.removeprefix("o-")]
        for part in template.parts
    )


def given_slots(found: Step) -> dict[str, Value]:
    return {name: value for name, value in found.slots.items() if name != "root"}


@settings(max_examples=200, deadline=None)
@given(steps(), ANY_TEXT, st.data())
def test_whatever_a_machine_says_the_shape_stays(
    made: tuple[Step, dict[str, str]], said: str, data: st.DataObject
) -> None:
    found, values = made
    hit = data.draw(st.sampled_from(sorted(values)))
    filled = OUTPUTS.fill(found, known({**values, hit: said}))
    slot = found.section.slot(hit)
    assert slot is not None
    if types.check(slot, said) is not None:
        assert isinstance(filled, Refusal)
        return
    if isinstance(filled, Refusal):
        assert filled.rule in {"metadata address", "path"}
        return
    for before, after in zip(everything(found), everything(filled), strict=True):
        assert shape(before) == shape(after)


def test_a_step_without_all_its_values_is_not_filled() -> None:
    made = SECTIONS["json"]
    slots: dict[str, Value] = {
        **{"name": "a", "host": "a.example", "ip": "10.0.0.1", "kind": "a", "code": "a"},
        **{"path": "/srv", "url": "http://a.example/", "note": "x"},
    }
    found = step(made, slots, {"id": output(made, "id")})
    refusal = OUTPUTS.fill(found, {("s1", "o-name"): "100"})
    assert isinstance(refusal, Refusal)
    assert refusal.why == "Step s1 has put out no o-id for id."


class Permits:
    """A guard with nothing to say."""

    def check(self, step: Step) -> None:
        return None


@settings(deadline=None)
@given(steps(), ANY_TEXT, st.data())
def test_a_value_is_of_its_slot_s_type_whatever_the_guard_says(
    made: tuple[Step, dict[str, str]], said: str, data: st.DataObject
) -> None:
    found, values = made
    hit = data.draw(st.sampled_from(sorted(values)))
    slot = found.section.slot(hit)
    assert slot is not None
    filled = StepOutputs(Permits()).fill(found, known({**values, hit: said}))
    assert isinstance(filled, Refusal) == (types.check(slot, said) is not None)


def test_an_output_is_of_its_slot_s_type_and_rule_or_the_guard_says_so() -> None:
    made = section("observe {id} {more}", rows="| id | int | 1..9 | |\n| more | name | | |")
    slots: dict[str, Value] = {"more": "x"}
    found = step(made, slots, {"id": output(made, "id")})
    assert GUARD.check(found) is None
    for wrong in ({"rule": "1..99"}, {"type": "text"}, {"step": "s0"}, {"name": "other"}):
        forged = replace(found, outputs={"id": replace(found.outputs["id"], **wrong)})
        refusal = GUARD.check(forged)
        assert refusal is not None
        assert refusal.rule in {"output", "rendering"}
    closed = Exec((("observe", "7", "x"),))
    assert _rule(replace(found, actions=(closed,))) == "rendering"
    assert _rule(replace(found, slots={**found.slots, "id": "7"})) == "output"
    assert _rule(replace(found, outputs={}, slots={**found.slots, "id": "7"})) == "rendering"
    assert _rule(replace(found, outputs={})) == "required"


def _rule(found: Step) -> str:
    refusal = GUARD.check(found)
    assert refusal is not None
    return refusal.rule


def test_the_floor_is_looked_at_before_and_with_the_value() -> None:
    guard = StepGuard((Path("/var/parley"),))
    made = section("rm -rf {p} {q}", rows="| p | path | | |\n| q | path | | |")
    found = step(made, {"q": "/srv"}, {"p": output(made, "p")})
    assert guard.check(found) is None
    refusal = StepOutputs(guard).fill(found, {("s1", "o-p"): "/var/parley"})
    assert isinstance(refusal, Refusal)
    assert refusal.rule == "floor"
    whole = step(made, {"q": "/var/parley"}, {"p": output(made, "p")})
    refusal = guard.check(whole)
    assert refusal is not None
    assert refusal.rule == "floor"


class TestTable:
    EXAMPLES: ClassVar = {
        **{"name": "1", "id": "1", "hostname": "a.example", "fqdn": "a.example", "ip": "10.0.0.1"},
        **{"cidr": "10.0.0.0/24", "int": "1", "port": "1", "size": "1", "duration": "1s"},
        **{"email": "a@a.example", "enum": "1", "pattern": "1", "path": "/a", "url": "http://a.example/"},
        **{"text": "1", "secret": "secret:x"},
    }  # fmt: skip

    def test_has_a_row_for_every_type(self) -> None:
        assert FITS.keys() == types.TYPES.keys() | {types.LIST}

    def test_no_output_is_a_secret_or_several_words(self) -> None:
        assert FITS["secret"] == FITS[types.LIST] == frozenset()
        assert all("secret" not in fitting for fitting in FITS.values())

    @pytest.mark.parametrize("type_", sorted(FITS))
    def test_what_fits_can_pass(self, type_: str) -> None:
        for other in FITS[type_]:
            value = self.EXAMPLES[other]
            slot = Slot("x", type_, choices=(value,), pattern=".+")
            assert types.check(slot, value) is None, other

    @pytest.mark.parametrize(
        ("slot", "out"), [("ip", "name"), ("fqdn", "hostname"), ("int", "id"), ("path", "text"), ("url", "text")]
    )  # fmt: skip
    def test_what_does_not_fit_is_said(self, slot: str, out: str) -> None:
        made = section("observe {x}", rows=f"| x | {slot} | | |")
        refusal = node(made, "x", "s1", Return("y", out, "json $.y"))
        assert isinstance(refusal, Refusal)
        assert refusal.why.startswith(f"x takes {slot}, and y of the earlier step is {out}")


class TestReading:
    WAYS = (
        Return("ip", "ip", r"regex ^inet (\S+)$"),
        Return("id", "int", "json $.a[1].id"),
        Return("title", "text", "json $.t"),
    )

    def read(self, said: bytes, ways: tuple[Return, ...] = WAYS) -> dict[str, Returned]:
        made = replace(section("ls"), returns=ways)
        return {each.name: each for each in asyncio.run(OUTPUTS.read(made, said))}

    def test_the_first_group_and_the_place(self) -> None:
        found = self.read(b'{"a": [0, {"id": 7}], "t": "x"}\ninet 10.0.0.1\ninet 10.0.0.2\n')
        assert found == {"ip": Returned("ip", "ip", "10.0.0.1")}, "it is no JSON any more"
        found = self.read(b'{"a": [0, {"id": 7}],\n"t": "inet"}')
        assert found["id"] == Returned("id", "int", "7")
        assert "ip" not in found

    @pytest.mark.parametrize(
        "said", [b"", b"\xff\xfe", b"null", b"[]", b'{"a": 1}', b'{"a": [1]}', b'{"a": {"id": 1}}',
                 b'{"a": [1, {"id": null}]}', b'{"a": [1, {"id": [1]}]}', b'{"a": [1, {"id": 1.5}]}']
    )  # fmt: skip
    def test_what_is_not_there_is_left_out(self, said: bytes) -> None:
        assert self.read(said) == {}

    def test_what_is_of_another_type_has_a_fault(self) -> None:
        found = self.read(b'{"a": [0, {"id": -7}], "t": "a\\nb"}')
        assert (found["id"].value, found["title"].value) == ("", "")
        assert found["id"].fault == "what it said is no int"
        assert found["title"].fault == "what it said is no text"

    def test_a_reference_to_a_secret_is_no_output(self) -> None:
        made = section("observe -- {x}", rows="| x | text | | |")
        assert isinstance(node(made, "x", "s1", Return("y", "secret", "json $.y")), Refusal)

    def test_an_expression_that_takes_for_ever_is_ended(self) -> None:
        ways = (Return("x", "name", r"regex ^(a+)+$"), Return("id", "int", "json $.id"))
        found = self.read(b"a" * 60 + b"!", ways)
        assert {each.fault for each in found.values()} == {
            "its expression took too long, or could not be tried"
        }

    def test_the_kernel_ends_it(self) -> None:
        asked = {"expressions": ["^(a+)+$"], "lines": True, "most": 1}
        said = json.dumps(asked).encode() + b"\n" + b"a" * 60 + b"!"
        program = [sys.executable, "-I", "-S", matching.__file__]
        ended = subprocess.run(program, input=said, capture_output=True, check=False, timeout=60)
        assert ended.returncode in {-signal.SIGKILL, -signal.SIGXCPU}
        assert ended.stdout == b""

    def test_a_search_finds_groups_or_wholes_of_lines_or_of_all(self) -> None:
        def search(expression: str, lines: bool, most: int = 9) -> list[str]:
            said = b"a1\na2\n"
            return asyncio.run(OUTPUTS.search(expression, said, lines=lines, most=most))

        assert search(r"^a(\d)$", True) == ["1", "2"]
        assert search(r"^a\d$", True, 1) == ["a1"]
        assert search(r"^a\d$", False) == []
        assert search(r"(x)?a", True) == ["", ""], "a group that took no part"

    def test_a_search_that_takes_for_ever_is_an_error(self) -> None:
        with pytest.raises(TemporaryError, match="took too long"):
            asyncio.run(OUTPUTS.search("^(a+)+$", b"a" * 60 + b"!", lines=True, most=1))

    @settings(max_examples=25, deadline=None)
    @given(
        st.binary(max_size=2000) | st.text(max_size=500).map(lambda text: f"inet {text}".encode())
    )
    def test_any_bytes_give_values_of_the_type_or_none(self, said: bytes) -> None:
        for each in self.read(said).values():
            assert bool(each.value) != bool(each.fault)
            if each.value:
                assert types.check(Slot(each.name, each.type), each.value) is None


def test_adjoining_texts_are_one_and_nothing_is_lost() -> None:
    one = Output("s1", "a")
    assert joined(["a", "", "b"]) == "ab"
    assert joined([]) == ""
    assert joined(["a", "b", one, "", "c"]) == OpenText(("ab", one, "c"))


GRAPH = page(
    f"## Parameters\n{HEADER}| id | int | | |\n\n"
    "## How to make\n- Returns: id: int = json `$.id`\n\n```bash\nassemble\n```\n"
    "## How to use\n- Returns: id: int = json `$.id`\n\n```bash\nemploy {id}\n```\n"
)
LIBRARY = {each.id: each for each in GRAPH.sections}


@given(st.integers(1, 7).flatmap(lambda count: st.tuples(
    st.just(count),
    st.sets(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))),
    st.lists(st.none() | st.integers(0, count - 1), min_size=count, max_size=count),
)))  # fmt: skip
def test_any_graph_is_joined_or_has_a_circle(
    drawn: tuple[int, set[tuple[int, int]], list[int | None]],
) -> None:
    count, needs, sources = drawn
    drafts = [_draft(n, [b for a, b in sorted(needs) if a == n], sources[n]) for n in range(count)]
    edges = needs | {(n, source) for n, source in enumerate(sources) if source is not None}
    made = join(drafts, LIBRARY.get)
    if _has_circle(count, edges):
        assert isinstance(made, Refusal)
        assert "wait" in made.why
        return
    assert not isinstance(made, Refusal)
    for n, each in enumerate(made):
        assert each.name == f"n{n}"
        assert set(each.needs) == {f"n{b}" for a, b in edges if a == n}
    assert all(isinstance(each, Joined) for each in made)


def _draft(n: int, needs: list[int], source: int | None) -> Draft:
    names = tuple(f"n{each}" for each in needs)
    if source is None:
        return Draft("here", "pack/make", {}, f"n{n}", names)
    return Draft("here", "pack/use", {}, f"n{n}", names, {"id": Output(f"n{source}", "id")})


def _has_circle(count: int, edges: set[tuple[int, int]]) -> bool:
    left = set(range(count))
    while ready := {n for n in left if not any(a == n and b in left for a, b in edges)}:
        left -= ready
    return bool(left)
