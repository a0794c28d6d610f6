"""Each type's alphabet at its edges: what passes, what does not, and what no type lets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.sections import Slot
from capabilities.rules import declare
from capabilities.types import TYPES, check, joins

FORBIDDEN_IN_JOINED = " \t\r\n'\"`\\;{}$#,=&|<>"

GOOD = {
    "name": ["a", "0", "web-1.example_x", "a" * 64, "A.b"],
    "id": ["a", "_x", "a" * 64, "a-b"],
    "hostname": ["a", "web1", "a.b-c.d9", "a" * 63],
    "fqdn": ["a.bc", "xn--bcher-kva.example", ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])],
    "ip": ["127.0.0.1", "::1", "2001:db8::1", "255.255.255.255"],
    "cidr": ["10.0.0.0/8", "10.1.2.3/24", "2001:db8::/32"],
    "int": ["0", "7", "9" * 18],
    "port": ["1", "65535"],
    "size": ["1", "512M", "10GiB", "3KB"],
    "duration": ["1s", "90s", "2h", "500ms", "3min"],
    "email": ["a@b.cd", "first.last+tag@example.org"],
    "path": ["/", "/a", "/srv/a.b/c_d-e", "/etc/systemd/system/getty@.service"],
    "url": ["http://a", "https://example.org:8443/a?b=c&d=e", "http://10.0.0.1/x"],
    "text": ["x", " hello; $(world) 'quoted'", "~" * 1000],
    "secret": ["secret:cloudflare-token"],
}
BAD = {
    "name": ["", ".a", "_a", "a..b", "a/b", "a" * 65, "a b", "а", "a\n", "ａ"],
    "id": ["", "a.b", "a" * 65, "é", "a\n"],
    "hostname": [
        "",
        "a_b",
        "a-",
        "a..b",
        "a.",
        "a" * 64,
        "1.2.3.4",
        "0x7f",
        "2852039166",
        "a." * 127 + "aa",
    ],
    "fqdn": ["localhost", "a.1", "exаmple.org", "a.b.", "*.a.b"],
    "ip": ["1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.4/8", "::g", "fe80::1%eth0", "127.1"],
    "cidr": ["10.0.0.0", "10.0.0.0/33", "a/8"],
    "int": ["", "01", "1.0", "+1", "1e3", "9" * 19, "٣", " 1", "1\n", "0x1"],
    "port": ["0", "65536", "080"],
    "size": ["0", "1.5G", "G", "10X"],
    "duration": ["0s", "1", "1y", "1 s"],
    "email": ["a", "@b.cd", "a@b", "a b@c.de", "a..b@c.de", "a@b.cd\n", '"a"@b.cd'],
    "path": [
        "",
        "a",
        "../a",
        "/a/../b",
        "/a/./b",
        "/a/",
        "//a",
        "/a b",
        "/a\x00",
        "/~/x",
        "/a;b",
        "/" + "a" * 1024,
    ],
    "url": [
        "file:///etc/passwd",
        "ftp://a/b",
        "http://",
        "http://u@h/",
        "http://u:p@h/",
        "http://169.254.169.254/latest",
        "http://metadata.google.internal/",
        "http://2852039166/",
        "http://0xa9fea9fe/",
        "http://0251.0376.0251.0376/",
        "http://a/{b,c}",
        "http://a/[1-9]",
        "http://a/../b",
        "http://a:99999/",
        "http://а.org/",
        "http://a/ b",
        "HTTP://a",
    ],
    "text": ["", "a\nb", "é", "a\x1b[0m", "x" * 1001, "\u202e"],
    "secret": ["cloudflare-token", "secret:", "secret:A", "secret:a b"],
}


@pytest.mark.parametrize(
    ("type_", "value"), [(name, value) for name, values in GOOD.items() for value in values]
)
def test_passes(type_: str, value: str) -> None:
    assert check(Slot("x", type_), value) is None


@pytest.mark.parametrize(
    ("type_", "value"), [(name, value) for name, values in BAD.items() for value in values]
)
def test_is_refused(type_: str, value: str) -> None:
    refusal = check(Slot("x", type_), value)
    assert refusal is not None
    assert refusal.slot == "x"


def test_every_type_of_the_table_has_its_edges_here() -> None:
    ruled = {"enum", "pattern"}
    assert set(GOOD) == set(BAD) == set(TYPES) - ruled


def _slot(type_: str) -> Slot:
    rule = {"enum": "one of a, b-c", "pattern": "matches `.*`"}.get(type_, "")
    return declare("x", type_, rule, "", 1)


@given(
    type_=st.sampled_from(sorted(TYPES)),
    value=st.one_of(st.text(max_size=80), st.from_regex(r"-.*", fullmatch=True)),
)
def test_nothing_begins_with_a_dash_leaves_ascii_or_hides_a_line(type_: str, value: str) -> None:
    if check(_slot(type_), value) is None:
        assert not value.startswith("-")
        assert value.isascii()
        assert value.isprintable()


@given(data=st.data(), type_=st.sampled_from(sorted(name for name in TYPES if TYPES[name].joins)))
def test_what_joins_has_nothing_a_word_or_format_could_trip_over(
    data: st.DataObject, type_: str
) -> None:
    value = data.draw(st.from_regex(TYPES[type_].pattern, fullmatch=True))
    assert not set(value) & set(FORBIDDEN_IN_JOINED)


def test_which_types_join() -> None:
    assert {name for name in TYPES if not joins(Slot("x", name))} == {"url", "text", "secret"}
    assert not joins(Slot("x", "list", item="name"))


@pytest.mark.parametrize(
    ("type_", "rule", "good", "bad"),
    [
        ("int", "1..1000", "1000", "1001"),
        ("port", "1024..2000", "1024", "1023"),
        ("path", "under /srv", "/srv/a", "/srvx"),
        ("path", "under /srv", "/srv", "/etc/passwd"),
        ("enum", "one of start, stop", "stop", "restart"),
        (
            "url",
            "hosts example.org, *.example.com",
            "https://a.example.com/x",
            "https://example.com.evil.org/",
        ),
        ("url", "hosts example.org", "http://EXAMPLE.org/", "http://example.org.evil.net/"),
        ("pattern", r"matches `v\d+(;x)?`", "v12", "v12\n"),
        ("pattern", "matches `.*`", "a.b", "a..b"),
    ],
)
def test_a_rule_narrows(type_: str, rule: str, good: str, bad: str) -> None:
    slot = declare("x", type_, rule, "", 1)
    assert check(slot, good) is None
    assert check(slot, bad) is not None


def test_lists() -> None:
    slot = declare("x", "list of port", "", "", 1)
    assert check(slot, ("1", "2")) is None
    for bad in ((), ("0",), ("1", "-2"), tuple("1" * 65), "1"):
        assert check(slot, bad) is not None
    assert check(Slot("y", "name"), ("a",)) is not None


def test_a_secret_is_never_repeated() -> None:
    refusal = check(Slot("token", "secret"), "hunter2-hunter2")
    assert refusal is not None
    assert "hunter2" not in refusal.why
