"""A value that a model filled in counts where somebody said it: as it is, and not as a part of something longer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.sections import Slot
from bot.planner.evident import stands
from tests.planner.conftest import SECTIONS

(REMOVE,) = (each for each in SECTIONS if each.id == "nginx-sites/remove-a-site")
PARTS = [
    ("path", "/srv", "remove the folder /srv/www/old-site"),
    ("path", "/srv/www", "remove the folder /srv/www/old-site"),
    ("path", "/www", "remove the folder /srv/www"),
    ("path", "/srv/www", "remove the folder /srv/www.old"),
    ("path", "/srv/www", "remove the folder /srv/www~"),
    ("path", "/srv/www", "remove the folder /srv/www/.git"),
    ("path", "/srv/www", "remove the folder /srv/www/.."),
    ("path", "/srv/www", "remove the folder /srv/www/*"),
    ("path", "/srv/www", "remove the folder /srv/www@old"),
    ("path", "/etc", "remove the folder ~/etc"),
    ("path", "/etc", "remove the folder ../etc"),
    ("path", "/etc", "remove the folder ${HOME}/etc"),
    ("fqdn", "example.org", "remove the site old.example.org"),
    ("fqdn", "old.example", "remove the site old.example.org"),
    ("hostname", "example.org", "remove the site old.example.org"),
    ("hostname", "example.org", "remove the site old-example.org"),
    ("email", "b@x.org", "mail a.b@x.org"),
    ("email", "b@x.org", "mail a+b@x.org"),
    ("email", "b@x.org", "mail b@x.org.uk"),
    ("ip", "10.0.0.1", "allow 10.0.0.10"),
    ("ip", "10.0.0.1", "allow 10.0.0.1.example.org"),
    ("id", "105", "stop the container at 10.0.0.105"),
    ("name", "105", "stop the container at 10.0.0.105"),
    ("name", "hello", "remove the site called hello.old"),
]
WHOLE = [
    ("ip", "10.0.0.1", "allow 10.0.0.1."),
    ("ip", "10.0.0.1", "allow 10.0.0.1:80"),
    ("cidr", "0.0.0.0/0", "allow 0.0.0.0/0"),
    ("email", "b@x.org", "mail <b@x.org>, please"),
    ("fqdn", "example.org", "fetch https://example.org/app"),
    ("fqdn", "example.org", "mail root@example.org"),
    ("name", "hello", "remove the site called hello."),
    ("id", "105", "stop the container 105."),
    ("path", "/srv/www", "remove everything in /srv/www/"),
    ("path", "/srv/www", "copy web1:/srv/www"),
]
VALUES = st.sampled_from(
    [("fqdn", "shop.example.org"), ("path", "/srv/www"), ("ip", "192.0.2.7"), ("email", "b@x.org")]
)
STANDS = ["{}", "{}.", "{}, then rest", "({})", "[{}]", '"{}"', "'{}'", "`{}`", "{}!", "{}?", "{};", "at={}", "what of {}: it"]  # fmt: skip
LETTERS = st.text("abcdefgh0123456789", min_size=1, max_size=8)


def said(type: str, value: str, text: str) -> bool:
    return stands(REMOVE, Slot("x", type), value, [text])


@pytest.mark.parametrize(("type", "value", "text"), PARTS)
def test_a_part_of_something_longer_was_not_said(type: str, value: str, text: str) -> None:
    assert not said(type, value, text)


@pytest.mark.parametrize(("type", "value", "text"), WHOLE)
def test_what_stands_there_was_said(type: str, value: str, text: str) -> None:
    assert said(type, value, text)


@given(VALUES, st.sampled_from(STANDS))
def test_whatever_ends_the_sentence(value: tuple[str, str], around: str) -> None:
    assert said(*value, f"remove {around.format(value[1])} please")
    assert said(*value, f"remove {around.format(value[1])}")


@given(st.lists(LETTERS, min_size=2, max_size=5), st.data())
def test_no_part_of_a_domain_is_said_with_it(labels: list[str], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(labels) - 1))
    last = data.draw(st.integers(first + 1, len(labels)))
    part, whole = ".".join(labels[first:last]), ".".join(labels)
    assert said("fqdn", part, f"remove the site {whole} today") == (part == whole)


@given(st.lists(LETTERS, min_size=2, max_size=5), st.data())
def test_no_folder_is_said_with_what_is_in_it(names: list[str], data: st.DataObject) -> None:
    last = data.draw(st.integers(1, len(names) - 1))
    above, whole = "/" + "/".join(names[:last]), "/" + "/".join(names)
    assert not said("path", above, f"remove the folder {whole} today")
    assert said("path", whole, f"remove the folder {whole} today")
