"""Texts made to take for ever do not: a megabyte of each, in a process that may be ended."""

import subprocess
import sys

import pytest

LONGEST = 120.0
"""Seconds after which a few of them count as for ever."""
SCRIPT = """
import sys
from bot.redact import SecretRedactor
for unit in sys.argv[1:]:
    SecretRedactor(["hunter2hunter2"]).redact(unit * (1_000_000 // len(unit)))
"""
UNITS = (
    "a", "-", "eyJ", "://", "://a:", "password", "password: ", 'password=\\"', "token=a,", "secret:a;b ", " --token ", "key=<",
    "-----BEGIN PRIVATE KEY-----\nAAAA", "A" * 20 + "\n-----END PRIVATE KEY-----", "7z -p ", "mysql ", "curl -u ", "docker login ",
    "htpasswd -b ", "mc alias set ", "full-tokenid value", "authorization: digest a=b,", "cookie: a=b; ", "MTIz", "$6$", "Q~",
    "identified by '", "login a password ", "kind: Secret\ndata:\n a: b\n", '"data":{', "•", "İ",
)  # fmt: skip


@pytest.mark.parametrize("chunk", range(4))
def test_a_megabyte_of_one_thing(chunk: int) -> None:
    subprocess.run([sys.executable, "-c", SCRIPT, *UNITS[chunk::4]], check=True, timeout=LONGEST)
