"""Documents: the design's example, bare pages, front matter, broken files, odd bytes, sizes and line ends."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.plans import Agent
from bot.model.sections import Exec, Risk, Write
from capabilities.compile import compile_page
from capabilities.lint import examples
from capabilities.parse import LIMIT, parse
from capabilities.problems import Broken
from tests.capabilities.making import page, render

EXAMPLE = (Path(__file__).parent / "nginx_sites_page.md").read_text()
BARE = """## Aliases
- create container
- deploy vm, provision server

## How to Create Container
To create a new container:
```bash
pct create {id} /var/lib/vz/template/cache/debian-12-standard_12.2-1_amd64.tar.zst \\
  --hostname {hostname} \\
  --net0 name=eth0,bridge=vmbr0,ip={ip}/24,gw=192.168.1.1 {thing}
```
"""
FRONT = '---\nname: {name}\ndescription: "What and when."\n---\n\n# Title\n\n## How to look\n```bash\nls\n```\n'


def test_the_literal_example_loads_and_renders() -> None:
    made = page(EXAMPLE)
    assert not made.problems
    [section] = made.sections
    assert (section.id, section.risk, section.level) == ("pack/add-a-reverse-proxy", Risk.CHANGE, 2)
    assert section.aliases == ("new site", "serve a domain", "proxy a domain to a port")
    assert section.pack_aliases == ("nginx", "vhost", "virtual host", "reverse proxy")
    assert section.preview is not None
    assert section.preview.compare == "lines"
    assert section.verify is not None
    assert (section.verify.expect, section.verify.within) == (r"^[234]\d\d$", 10.0)
    assert examples(section) == {"domain": "shop.example.org", "port": "8080"}
    rendered = render(
        section, examples(section), Agent("web1", "local:", ("pack",), vars={"prefix": "/tmp/n"})
    )
    at = "/tmp/n/sites-available/shop.example.org"
    assert rendered.actions[0] == Exec((("test", "!", "-e", at),))
    write = rendered.actions[1]
    assert isinstance(write, Write)
    assert write.path == at
    assert (
        "server_name shop.example.org; location / { proxy_pass http://127.0.0.1:8080;"
        in write.content
    )
    assert "$host; } }\n" in write.content
    assert rendered.actions[3:] == (Exec((("nginx", "-t"),)), Exec((("nginx", "-s", "reload"),)))
    assert rendered.verify[0].stages[0][:6] == (
        "curl",
        "-sS",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
    )
    assert rendered.verify[0].stages[0][-2:] == (
        "shop.example.org:80:127.0.0.1",
        "http://shop.example.org/",
    )
    assert rendered.rollback[0] == Exec(
        (("rm", "-f", "--", "/tmp/n/sites-enabled/shop.example.org", at),)
    )


def test_a_bare_page_infers_its_types() -> None:
    made = page(BARE)
    [section] = made.sections
    assert section.id == "pack/create-container"
    assert section.title == "Create Container"
    assert section.pack_aliases == ("create container", "deploy vm", "provision server")
    assert {slot.name: slot.type for slot in section.slots} == {
        "id": "id",
        "hostname": "hostname",
        "ip": "ip",
        "thing": "name",
    }
    assert (section.risk, section.level) == (Risk.CHANGE, 3)
    assert "create a new container" in section.description
    [action] = render(
        section, {"id": "101", "hostname": "web1", "ip": "10.0.0.5", "thing": "x"}
    ).actions
    assert isinstance(action, Exec)
    assert "name=eth0,bridge=vmbr0,ip=10.0.0.5/24,gw=192.168.1.1" in action.stages[0]


def test_line_ends_do_not_matter() -> None:
    unix = compile_page(parse(EXAMPLE.encode(), "f", "p"))
    for ending in ("\r\n", "\r"):
        other = compile_page(parse(EXAMPLE.replace("\n", ending).encode(), "f", "p"))
        assert other == unix
    assert compile_page(parse(b"\xef\xbb\xbf" + EXAMPLE.encode(), "f", "p")) == unix


def test_equal_slugs_are_numbered() -> None:
    block = "```bash\nls\n```\n"
    made = page(f"## How to look\n{block}## How to look!\n{block}## How to look 2\n{block}")
    assert [section.id for section in made.sections] == [
        "pack/look",
        "pack/look-2",
        "pack/look-2-2",
    ]


@pytest.mark.parametrize(
    ("data", "line", "word"),
    [
        (b"# x\n\n\xff\xfe", 3, "UTF-8"),
        (b"# x\n\x00", 2, "U+0000"),
        (b"# x\n## How to \x1b[2J", 2, "U+001B"),
        ("# x\n\u202e".encode(), 2, "U+202E"),
        (b"x" * (LIMIT + 1), 1, "limit"),
        (b"---\nname: x\n", 1, "no end"),
        (b"---\nname: [x\n---\n", 2, "YAML"),
        (b"---\n- x\n---\n", 1, "table"),
        (b"---\nname: X_Y\ndescription: d\n---\n", 1, "name"),
        (b"---\nname: x\n---\n", 1, "description"),
        (b"---\nname: x\ndescription: " + b"d" * 1025 + b"\n---\n", 1, "description"),
        (b"---\na: " + b"[" * 2000 + b"\n---\n", 2, "YAML"),
        (b"---\n" + b"a" * 9000 + b"\n---\n", 1, "characters"),
        (b"## Parameters\n| a | b |\n|---|---|\n| c | d |\n", 2, "columns"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_file_that_cannot_be_used_says_where_and_why(data: bytes, line: int, word: str) -> None:
    with pytest.raises(Broken) as caught:
        parse(data, "f", "p")
    assert caught.value.line == line
    assert word in caught.value.what
    assert caught.value.mend


def test_lines_are_counted_behind_front_matter() -> None:
    text = FRONT.format(name="x").replace("ls", "ls; ls")
    [problem] = compile_page(parse(text.encode(), "f", "x")).problems
    assert problem.line == text.split("\n").index("ls; ls") + 1


def test_unknown_front_matter_warns() -> None:
    text = FRONT.format(name="x").replace(
        "---\n\n", "color: red\nmetadata:\n  parley-frmat: '1'\n---\n\n"
    )
    made = compile_page(parse(text.encode(), "f", "x"))
    assert len(made.sections) == 1
    assert [problem.severity for problem in made.problems] == ["warning", "warning"]


def test_a_commented_out_section_is_none() -> None:
    assert not page("<!--\n## How to look\n```bash\nls\n```\n-->\n").sections


def test_a_file_of_nearly_a_megabyte_loads() -> None:
    block = (
        "## How to look at {n}\n- Aliases: see {n}\n\n```bash\nls /srv/{n}\n```\n\n"
        + "Prose. " * 400
        + "\n\n"
    )
    text = "".join(block.replace("{n}", str(number)) for number in range(350))
    assert LIMIT * 0.9 < len(text) < LIMIT
    assert len(page(text).sections) == 350


@given(st.binary(max_size=400))
def test_any_bytes_are_a_page_or_a_clear_no(data: bytes) -> None:
    mend = "none needed"
    try:
        compile_page(parse(b"## How to x\n" + data, "f", "p"))
    except Broken as broken:
        mend = broken.mend
    assert mend


@given(st.text(alphabet="ab {}$'\"\\|<>&;#~*?[]()=-.\n`!", max_size=40))
def test_any_command_is_compiled_or_left_out(block: str) -> None:
    text = f"## How to x\n````bash\nls {block}\n````\n"
    made = page(text)
    assert made.sections or any(not problem.warning for problem in made.problems)


@given(
    st.lists(
        st.sampled_from(["a b", "$x", "{y", "#", "'", "é", "x;y", "{a}"]), min_size=1, max_size=4
    )
)
def test_single_quotes_keep_everything(parts: list[str]) -> None:
    quoted = [part for part in parts if part not in {"'", "{a}"}]
    block = " ".join(["ls", *(f"'{part}'" for part in quoted)])
    [section] = page(f"## How to x\n```bash\n{block}\n```\n").sections
    assert render(section, {}).actions == (Exec((("ls", *quoted),)),)


EXAMPLES = """## Parameters
| name | type | rule | description |
|---|---|---|---|
| site | name | | the site |
| port | port | | e.g. 9000 |
| other | port | | e.g. 9001. |
| mode | enum | one of fast, slow | |
| count | int | 3..9 | |

## How to make a site
- Aliases: make site
- Example: make a site called hello on port 8080

```bash
ls {site} {port} {other} {mode} {count}
```
"""


def test_examples_come_from_the_example_line_and_the_table() -> None:
    [section] = page(EXAMPLES).sections
    assert examples(section) == {
        "site": "hello",
        "port": "8080",
        "other": "9001",
        "mode": "fast",
        "count": "3",
    }
    render(section, examples(section))


def test_a_missing_example_warns() -> None:
    made = page(
        "## Parameters\n| name | type | rule | description |\n|---|---|---|---|\n| a | ip | | |\n\n## How to x\n```bash\nls {a}\n```\n"
    )
    assert [problem.severity for problem in made.problems] == ["warning"]


def test_returns_alerts_and_the_rest_are_read() -> None:
    text = (
        "## How to x\n- Idempotent: yes\n- Exit: 0, 3\n- Alerts: DiskFull, DiskSlow\n\n```bash\nls\n```\n"
        "### Returns\n- ip: ip = regex `inet (\\d+)`\n- id: int = json `$.result.id`\n"
    )
    [section] = page(text).sections
    assert (section.idempotent, section.exits, section.alerts) == (
        True,
        (0, 3),
        ("DiskFull", "DiskSlow"),
    )
    assert [(each.name, each.type, each.way) for each in section.returns] == [
        ("ip", "ip", "regex inet (\\d+)"),
        ("id", "int", "json $.result.id"),
    ]


def test_the_hash_is_of_what_it_does_not_of_where_it_stands() -> None:
    [first] = page(EXAMPLE).sections
    [moved] = page(EXAMPLE.replace("## How to", "Some words.\n\n## How to")).sections
    [changed] = page(EXAMPLE.replace("rm -f --", "rm -fv --")).sections
    assert first.hash == moved.hash
    assert first.line != moved.line
    assert first.hash != changed.hash
