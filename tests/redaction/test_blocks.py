"""Private keys in lines, whole and cut off; and what `kubectl get secret` shows."""

import base64
import json
import random
import textwrap

import pytest

from bot.redact import MASK, SecretRedactor

REDACTOR = SecretRedactor()
LINES = [base64.b64encode(random.Random(line).randbytes(48)).decode() for line in range(12)]
LAST = "aB3+/w=="
KINDS = (
    "PRIVATE KEY",
    "RSA PRIVATE KEY",
    "EC PRIVATE KEY",
    "OPENSSH PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY",
    "PGP PRIVATE KEY BLOCK",
)


def pem(kind: str, lines: list[str] = LINES) -> str:
    return f"-----BEGIN {kind}-----\n" + "\n".join((*lines, LAST)) + f"\n-----END {kind}-----\n"


def gone(text: str) -> bool:
    return not any(line[:24] in text or line[-24:] in text for line in LINES)


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_key(kind: str) -> None:
    clean = REDACTOR.redact(f"before\n{pem(kind)}after")
    assert clean == f"before\n-----BEGIN {kind}-----{MASK}-----END {kind}-----\nafter"


@pytest.mark.parametrize(
    "text",
    [
        textwrap.indent(pem("RSA PRIVATE KEY"), "      "),
        textwrap.indent(pem("RSA PRIVATE KEY"), "+"),
        textwrap.indent(pem("RSA PRIVATE KEY"), "> "),
        json.dumps({"private_key_id": "ab12", "private_key": pem("PRIVATE KEY")}),
        json.dumps({"msg": json.dumps({"key": pem("PRIVATE KEY")})}),
        pem("PRIVATE KEY").replace("\n", "\r\n"),
        pem("PRIVATE KEY").replace("\n", " "),
        pem(
            "RSA PRIVATE KEY",
            ["Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-256-CBC,0A1B2C", "", *LINES],
        ),
    ],
)
def test_a_key_within_something(text: str) -> None:
    clean = REDACTOR.redact(f"read {text} and done")
    assert gone(clean)
    assert LAST not in clean
    assert clean.startswith("read ")
    assert clean.endswith(" and done")


@pytest.mark.parametrize("kept", range(1, 12))
def test_the_end_is_cut_off(kept: int) -> None:
    whole = "\n".join(LINES[:kept])
    for text in (whole, whole[:-9], f"{whole}\n"):
        clean = REDACTOR.redact(f"-----BEGIN EC PRIVATE KEY-----\n{text}")
        assert gone(clean)
        assert REDACTOR.redact(
            f"-----BEGIN EC PRIVATE KEY-----\n{whole}\n\n[12 bytes left out] then words stay"
        ).endswith("[12 bytes left out] then words stay")


@pytest.mark.parametrize("from_", range(1, 12))
def test_the_beginning_is_cut_off(from_: int) -> None:
    left = "\n".join((*LINES[from_:], LAST))
    for text in (left, left[40:], left.replace("\n", "\\n")):
        clean = REDACTOR.redact(f"{text}\n-----END OPENSSH PRIVATE KEY-----\nwords stay")
        assert gone(clean)
        assert LAST not in clean
        assert clean.endswith("words stay")


def test_words_before_a_lone_end_stay() -> None:
    text = "these words stay\n-----END PRIVATE KEY-----"
    assert REDACTOR.redact(text).startswith("these words")


def test_in_base64() -> None:
    for kind in KINDS[:5]:
        encoded = base64.b64encode(pem(kind).encode()).decode()
        assert REDACTOR.redact(f"tls.key: {encoded} x") == f"tls.key: {MASK} x"
        wrapped = "\n".join(textwrap.wrap(encoded, 76))
        assert encoded[-70:-8] not in REDACTOR.redact(f"{wrapped}\nx").replace("\n", "")


def test_putty() -> None:
    lines = "\n".join(LINES)
    text = f"Public-Lines: 1\nAAAA\nPrivate-Lines: 12\n{lines}\nPrivate-MAC: ab12"
    assert (
        REDACTOR.redact(text)
        == f"Public-Lines: 1\nAAAA\nPrivate-Lines: 12{MASK}\nPrivate-MAC: ab12"
    )


SECRET = """\
apiVersion: v1
data:
  username: YWxpY2U=
  hostname: {value}
kind: Secret
metadata:
  name: web
  namespace: default
type: Opaque
"""


def test_a_secret_of_a_cluster() -> None:
    clean = REDACTOR.redact(SECRET.format(value=base64.b64encode(b"hunter2").decode()))
    assert clean == SECRET.format(value=MASK).replace("YWxpY2U=", MASK)
    plain = SECRET.replace("data:", "stringData:").format(value="plain words here")
    assert "plain words" not in REDACTOR.redact(plain)


def test_a_list_of_them_as_json() -> None:
    data = {"username": "YWxpY2U=", "other": "aHVudGVyMg=="}
    item = {"apiVersion": "v1", "data": data, "kind": "Secret", "metadata": {"name": "web"}}
    clean = REDACTOR.redact(json.dumps({"kind": "List", "items": [item, item]}, indent=2))
    assert json.loads(clean)["items"][1]["data"] == {"username": MASK, "other": MASK}
    assert json.loads(clean)["items"][1]["metadata"] == {"name": "web"}


def test_a_config_map_stays() -> None:
    text = SECRET.replace("kind: Secret", "kind: ConfigMap").format(value="web1")
    assert REDACTOR.redact(text) == text
