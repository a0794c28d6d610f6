"""What may be told to a model outside, and what may not."""

import pytest

from bot.planner import privacy
from bot.redact import MASK

OPEN = [
    "how full is the disk on web1?",
    "serve shop.example.org from port 8080",
    "listen on 127.0.0.1:8080 and [::1]:80",
    "version 10.2 of nginx at 12:30",
    "ask 8.8.8.8",
    "it is local news, internally",
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
]


@pytest.mark.parametrize("text", OPEN)
def test_open(text: str) -> None:
    assert privacy.why([text], MASK, ("*.acme.example", "zephyr*")) == ""


@pytest.mark.parametrize("text", PRIVATE)
def test_private(text: str) -> None:
    assert privacy.why(["hello", text], MASK, ("*.acme.example", "zephyr*"))
