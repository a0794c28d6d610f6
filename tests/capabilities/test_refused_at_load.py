"""Each refusal class of the strict subset: left out with file, line and mend, while the page's other sections load."""

import pytest

from bot.model.sections import ExecTemplate
from capabilities.compile import Page
from capabilities.problems import Broken
from capabilities.shell import read
from capabilities.units import Unit
from tests.capabilities.making import how_to, page, section

OTHER = "\n## How to list\n```bash\nls\n```\n"

REFUSED = {
    "a slot in single quotes": "ls '{a}'",
    "a slot in double quotes": 'ls "{a}"',
    "a slot as the program": "{a} x",
    "a slot in the program": "x{a} y",
    "a slot in an unquoted heredoc": "cat > /x <<END\n{a}\nEND",
    "a double-quoted heredoc": 'cat > /x <<"END"\n{a}\nEND',
    "an indented heredoc": "cat > /x <<-'END'\nEND",
    "an endless heredoc": "cat > /x <<'END'\nx",
    "$()": "ls $(id)",
    "backticks": "ls `id`",
    "$()in double quotes": 'ls "$(id)"',
    "$VAR": "ls $HOME",
    "${VAR}": "ls ${HOME}",
    "$VAR in double quotes": 'ls "$HOME"',
    "arithmetic": "ls $((1+1))",
    "for": "for i in a b; do ls; done",
    "while": "while true; do ls; done",
    "if": "if true; then ls; fi",
    "case": "case a in a) ls;; esac",
    "a function": "f() { ls; }",
    "a semicolon": "ls; ls",
    "and": "ls && ls",
    "or": "ls || ls",
    "the background": "ls &",
    "a redirection": "ls > /x",
    "an appending one": "ls >> /x",
    "an input one": "ls < /x",
    "standard error": "ls 2>/dev/null",
    "standard error into output": "ls 2>&1",
    "a here string": "cat <<< x",
    "a process substitution": "ls <(id)",
    "a star": "ls *.c",
    "a question mark": "ls a?",
    "a class": "ls [ab]",
    "a tilde": "ls ~/x",
    "a brace list": "ls {a,b}",
    "a brace range": "ls {1..3}",
    "a double brace": "ls {{a}}",
    "an assignment": "A=b ls",
    "a subshell": "(ls)",
    "a group": "{ ls; }",
    "a negation": "! ls",
    "brackets": "[ -e a ]",
    "an open quote": "ls 'a",
    "a backslash": "ls a\\ b",
    "ansi quotes": "ls $'a'",
    "a comment behind": "ls # x",
    "a bare homoglyph": "lѕ",
    "an unfinished pipe": "ls |",
    "an unfinished line": "ls \\",
    "a list slot inside a word": "ls x{a...}",
    "a list form of no list": "ls {a...}",
    "an optional slot inside a word": "ls x{a?--b}",
    "an undeclared slot": "ls {b}",
    "a slot in an option": "ls -{a}",
    "a slot in an option's name": "ls --x{a}=b",
    "a slot attached to a short option": "ls -I{a}",
    "a script": "scripts/do.sh {a}",
    "a relative file to write": "cat > x <<'END'\nEND",
    "another heredoc command": "tee /x <<'END'\nEND",
    "too long a line": "ls " + "a" * 9000,
}
LAUNCHERS = (
    "sh -c ls", "bash /x", "/bin/sh x", "env ls", "xargs ls", "sudo ls", "ssh h ls", "find / -exec ls", "find /x -okdir ls",
    "python3 -c x", "python3.11 x", "perl -e x", "eval ls", "exec ls", "nohup ls", "timeout 5 ls", "watch ls", "time ls",
    "busybox ls", "setsid ls", "bwrap ls", "tar --checkpoint-action=exec=sh -cf a b", "tar --to-command=x -xf a",
    "tar --checkpoint-act=x", "sort --compress-program=sh a", "docker exec a ls", "git -c core.pager=x log", "curl -K x",
    "curl -sK x", "ls | xargs rm", "vim x", "source x", ". x", "coproc ls", "ip netns exec a ls",
)  # fmt: skip


def _left_out(made: Page, line: int) -> None:
    assert [section.title for section in made.sections] == ["list"]
    [problem] = [problem for problem in made.problems if not problem.warning]
    assert problem.file == "page.md"
    assert problem.line == line
    assert problem.mend
    assert problem.what


@pytest.mark.parametrize("block", REFUSED.values(), ids=REFUSED.keys())
def test_is_left_out(block: str) -> None:
    text = how_to(block, rows="| a | name | | |")
    line = text.split("\n").index("```bash") + 2
    _left_out(page(text + OTHER), line)


@pytest.mark.parametrize("block", LAUNCHERS)
def test_programs_that_run_programs_are_left_out(block: str) -> None:
    text = how_to(block, rows="| a | name | | |")
    _left_out(page(text + OTHER), text.split("\n").index("```bash") + 2)


@pytest.mark.parametrize("type_", ["url", "text", "list of name"])
@pytest.mark.parametrize(
    "block", ["ls x{a}", "cat > /srv/{a} <<'END'\nEND", "cat > /srv/x <<'END'\n{a}\nEND"]
)
def test_wide_types_never_join(type_: str, block: str) -> None:
    text = how_to(block, rows=f"| a | {type_} | | |")
    _left_out(page(text + OTHER), text.split("\n").index("```bash") + 2)


def test_text_stands_only_behind_two_dashes() -> None:
    assert section("echo -- {a}", rows="| a | text | | |")
    _left_out(page(how_to("echo {a}", rows="| a | text | | |") + OTHER), 10)


def test_an_optional_slot_needs_an_optional_form() -> None:
    _left_out(page(how_to("ls {a}", rows="| a | name | optional | |") + OTHER), 10)


@pytest.mark.parametrize("info", ["http", "tool", "mcp", "sh", "console"])
def test_other_blocks_are_not_known(info: str) -> None:
    text = how_to("ls").replace("```bash", f"```{info}")
    _left_out(page(text + OTHER), 4)


@pytest.mark.parametrize(
    "bullet",
    ["Risk: huge", "Exit: a", "Exit: 256", "Idempotent: perhaps", "Encode: xml", "Exepct: x", "Risk: read\n- Risk: low", "Within: 5s"],
)  # fmt: skip
def test_wrong_bullets_leave_the_section_out(bullet: str) -> None:
    made = page(how_to("ls", bullets=f"- {bullet}") + OTHER)
    assert [section.title for section in made.sections] == ["list"]


@pytest.mark.parametrize(
    "part",
    [
        "### Preview\n```bash\nrm /x\n```",
        "### Verify\n```bash\nunheard-of\n```",
        "### Verify\n```bash\nls\n```\n- Expect: `(`",
        "### Verify\n```bash\nls\n```\n- Within: soon",
        "### Preview\n```bash\nls\n```\n- Compare: eyes",
        "### Preview\n```human\nlook\n```",
        "### Preview",
        "### Returns\n- ip = x",
        "### Returns\n- ip: ip = regex `no group`",
        "### Rollback\n```bash\nsh x\n```",
        "### Rollback\n```bash\nls\n```\n\n### Rollback\n```bash\nls\n```",
    ],
)
def test_wrong_parts_are_problems(part: str) -> None:
    made = page(how_to("ls", rest=part) + OTHER)
    assert [problem for problem in made.problems if not problem.warning]
    assert made.sections[-1].title == "list"


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("| a | nmae | | |", "type"),
        ("| A | name | | |", "name"),
        ("| a | int | 5..1 | |", "empty"),
        ("| a | name | 1..5 | |", "fit"),
        ("| a | enum | | |", "one of"),
        ("| a | pattern | matches `(` | |", "regular"),
        ("| a | path | under srv | |", "root"),
        ("| a | port | default 99999 | |", "default"),
        ("| a | name | sometimes | |", "rule"),
        ("| a | list of lists | | |", "list"),
    ],
)
def test_a_broken_row_leaves_out_only_who_uses_it(row: str, what: str) -> None:
    made = page(how_to("ls {a}", rows=row) + OTHER)
    assert [section.title for section in made.sections] == ["list"]
    assert any(what in problem.what and problem.line == 4 for problem in made.problems)


def test_continuations_comments_and_quotes_are_read() -> None:
    made = section("# a comment\nls -l \\\n   'a b' \"c d\" e'f'g\n\n")
    [template] = made.body
    assert isinstance(template, ExecTemplate)
    assert ["".join(piece.text for piece in word.pieces) for word in template.stages[0]] == [
        "ls",
        "-l",
        "a b",
        "c d",
        "efg",
    ]


@pytest.mark.parametrize(
    ("block", "named"),
    [("ls $(id)", "$()"), ("ls $HOME", "$VAR"), ("ls && ls", "&&"), ("ls; ls", "';'"), ("for i in a; do ls; done", "loop"), ("ls *", "glob")],
)  # fmt: skip
def test_the_problem_names_what_is_not_allowed(block: str, named: str) -> None:
    [problem] = page(how_to(block)).problems
    assert named in problem.what
    assert repr(block) in problem.what


def test_two_readers_must_agree() -> None:
    """A form feed separates words for one grammar and not for the other; no page may hold one anyway."""
    with pytest.raises(Broken, match="two readers"):
        read(Unit("ls a\x0cb", 1))
