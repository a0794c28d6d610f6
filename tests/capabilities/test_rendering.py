"""No value changes the argv's shape, and what a program receives is the literal value."""

import os
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.plans import Agent
from bot.model.sections import Ask, Exec, Refusal, Slot, Value, Write
from capabilities.addresses import argv_fault
from capabilities.render import SectionRenderer
from capabilities.types import TYPES, check
from tests.capabilities.making import HERE, refusal, render, section

JOINING = sorted(name for name in TYPES if TYPES[name].joins and name not in {"enum", "pattern"})
ALONE = sorted({*JOINING, "url"})
# A '%' before a brace makes it no slot, so no literal ends with one.
LITERALS = st.from_regex(
    r"[A-Za-z0-9](?:[A-Za-z0-9_./:@%+^-]{0,8}[A-Za-z0-9_./:@+^-])?", fullmatch=True
)
NASTY = st.sampled_from([
    "-rf", "--checkpoint-action=exec=touch PWNED", "a b", "$(touch PWNED)", "`touch PWNED`", "; touch PWNED",
    "a\nb", "a\x00b", "../../etc/passwd", "'", '"', "\\", "{x}", "*", "~", "а", "x,bridge=vmbr1", "a&b", "a|b", "",
])  # fmt: skip


def values(type_: str) -> st.SearchStrategy[str]:
    special = {
        "int": st.integers(0, 10**18 - 1).map(str),
        "port": st.integers(1, 65535).map(str),
        "ip": st.ip_addresses().map(str),
        "cidr": st.ip_addresses(v=4).map(lambda ip: f"{ip}/24"),
    }
    drawn = special.get(type_, st.from_regex(TYPES[type_].pattern, fullmatch=True))
    return drawn.filter(
        lambda value: check(Slot("x", type_), value) is None and word_is_no_metadata(value)
    )


def word_is_no_metadata(value: str) -> bool:
    return argv_fault(("curl", value)) is None


@st.composite
def templates(draw: st.DrawFn) -> tuple[str, str, dict[str, str], list[str]]:
    """A command, the rows of its table, a good value for each slot, and the argv that must come out."""
    words, rows, slots, argv = ["record"], [], {}, ["record"]
    for index in range(draw(st.integers(1, 5))):
        name = f"s{index}"
        shape = draw(st.sampled_from(["literal", "alone", "joined", "flag", "flag="]))
        before, after = draw(LITERALS), draw(LITERALS)
        if shape == "literal":
            words.append(f"'{before} {{{{{{{after}}}}}}}'")
            argv.append(f"{before} {{{after}}}")
            continue
        type_ = draw(st.sampled_from(JOINING if shape in {"joined", "flag="} else ALONE))
        value = draw(values(type_))
        rows.append(f"| {name} | {type_} | | |")
        slots[name] = value
        word, made = {
            "alone": (f"{{{name}}}", [value]),
            "joined": (f"{before}{{{name}}}{after}", [before + value + after]),
            "flag": (f"{{{name}?--with}}", ["--with", value]),
            "flag=": (f"{{{name}?--with=}}", [f"--with={value}"]),
        }[shape]
        words.append(word)
        argv += made
    return " ".join(words), "\n".join(rows or ["| unused | name | | |"]), slots, argv


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("programs")
    program = folder / "record"
    program.write_text('#!/bin/sh\nprintf "%s\\0" "$@" > "$OUT"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return folder


def received(recorder: Path, argv: tuple[str, ...]) -> list[str]:
    out = recorder / "out"
    environment = {"PATH": str(recorder), "OUT": str(out), "LANG": "C.UTF-8"}
    program = str(recorder / argv[0])
    subprocess.run(
        [program, *argv[1:]],
        shell=False,
        env=environment,
        cwd=recorder,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return out.read_bytes().decode().split("\0")[:-1]


@settings(max_examples=60, deadline=None)
@given(template=templates())
def test_a_program_receives_the_literal_values(
    recorder: Path, template: tuple[str, str, dict[str, str], list[str]]
) -> None:
    block, rows, slots, expected = template
    made = section(block, rows=rows)
    [action] = render(made, dict(slots)).actions
    assert action == Exec((tuple(expected),))
    assert received(recorder, action.stages[0]) == expected[1:]
    assert [path.name for path in sorted(recorder.iterdir())] == ["out", "record"]


@settings(max_examples=120, deadline=None)
@given(template=templates(), data=st.data())
def test_no_value_changes_the_shape(
    template: tuple[str, str, dict[str, str], list[str]], data: st.DataObject
) -> None:
    block, rows, slots, expected = template
    if not slots:
        return
    made = section(block, rows=rows)
    name = data.draw(st.sampled_from(sorted(slots)))
    value = data.draw(st.one_of(NASTY, st.text(max_size=20)))
    result = SectionRenderer().render(made, {**slots, name: value}, HERE)
    if isinstance(result, Refusal):
        assert result.slot == name or result.rule == "metadata address"
        return
    [action] = result[1].actions
    assert isinstance(action, Exec)
    assert len(action.stages[0]) == len(expected)
    assert any(value in word for word in action.stages[0])


@pytest.mark.parametrize("present", [True, False])
def test_an_optional_slot_is_there_whole_or_not_at_all(present: bool) -> None:
    made = section(
        "ls {depth?-I} {sort?--sort=} /srv",
        rows="| depth | name | | |\n| sort | name | optional | |",
    )
    slots: dict[str, Value] = {"depth": "a", "sort": "size"} if present else {}
    [action] = render(made, slots).actions
    expected = ("ls", "-I", "a", "--sort=size", "/srv") if present else ("ls", "/srv")
    assert action == Exec((expected,))


def test_a_list_is_several_words() -> None:
    made = section("ls -- {names...}", rows="| names | list of name | | |")
    [action] = render(made, {"names": ("a", "b")}).actions
    assert action == Exec((("ls", "--", "a", "b"),))
    assert refusal(made, {"names": ("a", "-b")}).rule == "option"


def test_a_pipeline_is_one_action() -> None:
    [action] = render(
        section("ps -e | head -n {n}", rows="| n | int | 1..9 | |"), {"n": "3"}
    ).actions
    assert action == Exec((("ps", "-e"), ("head", "-n", "3")))


def test_words_for_a_person() -> None:
    made = section(
        "ls", rest="\n```human\nPull disk {disk}, not {other}.\n```\n", rows="| disk | name | | |"
    )
    assert render(made, {"disk": "sdb"}).actions[1] == Ask("Pull disk sdb, not {other}.")


class TestFromAgent:
    ROWS = "| prefix | path | from agent; default /etc/nginx | |\n| token | name | from agent | |"
    BLOCK = "ls {prefix} {token}"

    def test_comes_from_vars_and_defaults(self) -> None:
        agent = Agent("a", "local:", (), vars={"token": "t"})
        [action] = render(section(self.BLOCK, rows=self.ROWS), {}, agent).actions
        assert action == Exec((("ls", "/etc/nginx", "t"),))

    def test_no_person_may_give_it(self) -> None:
        made = section(self.BLOCK, rows=self.ROWS)
        agent = Agent("a", "local:", (), vars={"token": "t"})
        assert refusal(made, {"prefix": "/etc/nginx"}, agent).rule == "from agent"
        found = SectionRenderer().check(made, "prefix", "/etc/nginx")
        assert found is not None
        assert found.rule == "from agent"

    def test_missing_or_wrong_vars_are_refused(self) -> None:
        made = section(self.BLOCK, rows=self.ROWS)
        assert refusal(made, {}, Agent("a", "local:", ())).rule == "from agent"
        assert refusal(made, {}, Agent("a", "local:", (), vars={"token": "-t"})).rule == "option"


def test_missing_and_unknown_slots_are_refused() -> None:
    made = section("ls {a}", rows="| a | name | | |")
    assert refusal(made, {}).rule == "required"
    assert refusal(made, {"a": "x", "b": "y"}).rule == "unknown slot"
    found = SectionRenderer().check(made, "b", "y")
    assert found is not None
    assert found.rule == "unknown slot"


WRITING = "cat > /srv/{a}.conf <<'END'\nvalue = {title}; {other} ${a} %{a} {{a}} {{{a}}} {a}\nEND"


@pytest.mark.parametrize(
    ("way", "encoded"),
    [
        ("json", '"a \\"b\\" \\\\ $(x)"'),
        ("yaml", '"a \\"b\\" \\\\ $(x)"'),
        ("ini", '"a \\"b\\" \\\\ $(x)"'),
    ],
)
def test_an_encoder_quotes_what_a_heredoc_holds(way: str, encoded: str) -> None:
    rows = "| a | name | | |\n| title | text | | |"
    made = section(WRITING, rows=rows, bullets=f"- Encode: {way}")
    slots: dict[str, Value] = {"a": "x", "title": 'a "b" \\ $(x)'}
    [action] = render(made, slots).actions
    name = '"x"'
    text = f"value = {encoded}; {{other}} ${{a}} %{{a}} {{{{a}}}} {{a}} {name}\n"
    assert action == Write("/srv/x.conf", text)


def test_numbers_are_bare_in_json() -> None:
    made = section(
        "cat > /a <<'E'\n{\"port\": {port}}\nE",
        rows="| port | port | | |",
        bullets="- Encode: json",
    )
    assert render(made, {"port": "80"}).actions == (Write("/a", '{"port": 80}\n'),)


def test_a_written_path_is_normalised_and_absolute() -> None:
    made = section("cat > {root}/x <<'E'\nE", rows="| root | path | from agent | |")
    assert refusal(made, {}, Agent("a", "local:", (), vars={"root": "/"})).rule == "path"
    assert render(made, {}, Agent("a", "local:", (), vars={"root": "/srv"})).actions == (
        Write("/srv/x", ""),
    )


def test_environment_is_not_read() -> None:
    os.environ["PARLEY_TEST_VALUE"] = "leaked"
    try:
        [action] = render(section("ls '$PARLEY_TEST_VALUE'"), {}).actions
    finally:
        del os.environ["PARLEY_TEST_VALUE"]
    assert action == Exec((("ls", "$PARLEY_TEST_VALUE"),))
