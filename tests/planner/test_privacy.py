"""What may be told to a model outside, and what may not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.plans import Agent
from bot.planner import privacy
from bot.redact import MASK

GLOBS = ("*.acme.example", "zephyr*")
OPEN = [
    "how full is the disk on web1?",
    "serve shop.example.org from port 8080",
    "listen on 127.0.0.1:8080 and [::1]:80",
    "version 10.2 of nginx at 12:30",
    "ask 8.8.8.8",
    "it is local news, internally",
    "from 10:30-11:45, and again at 10:30:15",
    "nginx 1.2.3-1, or 10.0.1-2",
    "a ratio of 16:9, or 10:1",
    "map 8080:80 for shop.example.org:8080:app",
    "allow 8.8.8.8-8.8.4.4 and dns:8.8.8.8:53",
    "2606:4700:4700::1111 and 00:1a:2b:3c:4d:5e",
    "run test-local_home:lan, corp:8.8.8.8 and example.org:internal",
    "x:zephy and a-zephy_r",
]
PRIVATE = [
    f"the password is {MASK}",
    "ping 10.0.0.7",
    "ping 192.168.1.20:8080",
    "http://172.16.3.4/health is down",
    "root@10.1.2.3",
    "look at fd00::1",
    "look at fe80::1%eth0",
    "restart nas.local",
    "https://git.corp.internal/x",
    "Proxy to PRINTER.LAN, please",
    "allow 10.0.0.0/8",
    "what about project ZEPHYR?",
    "tell build7.acme.example",
    "ip:10.0.0.5 is down",
    "ssh -L 8080:10.0.0.5:80 web1",
    "docker publishes 192.168.1.5:8080:80",
    "allow 10.0.0.5-10.0.0.9",
    "allow 8.8.8.8-10.0.0.9",
    "host_10.0.0.5 and 10.0.0.5_old",
    "net:db.internal",
    "db.internal:5432:app",
    "http://nas.lan:8080:x",
    "project:zephyr",
    "x:zephyr-7",
    "a-zephyr is late",
    "tcp:build7.acme.example:22",
    "http://nas.lan./share",
    "nas.lan.:22",
]
LABELS = [
    "10.0.0.5",
    "ip:10.0.0.5",
    "8.8.8.8,10.0.0.6",
    "nas.lan (rack 3)",
    "rack 3, zephyr",
    "10.0.0.5-10.0.0.9",
]
NEAR = ["10.0.0.5", "172.16.3.4", "192.168.1.5", "nas.lan", "db.corp.internal", "zephyr-7"]
"""Addresses, hosts and names that are told to nobody outside."""
AROUND = ["", "ip:", "tcp:", "x=", "http://", "a@", "8.8.8.8-", "host_", "//", "(", '"', "8080:"]
BEHIND = ["", ":80", ":8080:80", "-8.8.8.8", "_old", "/24", "/share", ".", ".:22", ")", '",', ":x:y"]  # fmt: skip


@pytest.mark.parametrize("text", OPEN)
def test_open(text: str) -> None:
    assert privacy.why([text], MASK, GLOBS) == ""


@pytest.mark.parametrize("text", PRIVATE)
def test_private(text: str) -> None:
    assert privacy.why(["hello", text], MASK, GLOBS)


@given(st.sampled_from(AROUND), st.sampled_from(NEAR), st.sampled_from(BEHIND))
def test_whatever_stands_around_it(before: str, near: str, behind: str) -> None:
    assert privacy.why([f"look at {before}{near}{behind} please"], MASK, GLOBS)


@given(st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_times_versions_and_ratios_are_free(one: int, two: int, three: int) -> None:
    text = f"{one}:{two:02} {one}:{two:02}:{three:02} {one}.{two}.{three} v{one}.{two}.{three}-1 {one}:{two}"
    assert privacy.why([text], MASK, GLOBS) == ""


@pytest.mark.parametrize("label", LABELS)
def test_an_agent_with_a_private_word_in_a_label_is_hidden(label: str) -> None:
    agents = [
        Agent("web1", "local:", (), 1, labels={"at": label}),
        Agent("web2", "local:", (), 1, labels={"at": "rack 3, 8.8.8.8"}),
    ]
    assert privacy.hidden(agents, GLOBS) == ("web1",)
