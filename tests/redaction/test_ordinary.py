"""What is no secret stays, letter for letter."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.ids import new_id
from bot.redact import MASK, SecretRedactor
from tests.redaction.ordinary import Ordinary

REDACTOR = SecretRedactor(["the-rooms-own-s3cret"])


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_a_megabyte_of_ordinary_log(seed: int) -> None:
    text = Ordinary(seed).text(1_000_000)
    clean = REDACTOR.redact(text)
    wrong = [
        line for line, was in zip(clean.split("\n"), text.split("\n"), strict=True) if line != was
    ]
    assert wrong == []


@given(st.integers(0, 2**256 - 1), st.integers(0, 10**9))
def test_ids_and_digests(number: int, seconds: int) -> None:
    plan = new_id(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))
    digest = f"{number:064x}"
    text = f"plan {plan} digest {digest} sha256:{digest} {digest[:40]} {digest[:32]} {plan}.{digest} key/{plan}/{plan[-4:]}"
    assert REDACTOR.redact(text) == text


KEPT = (
    "I forgot my password: can somebody reset it?",
    "password: required, token: optional, api_key: string",
    "The token: is it expired? The secret: none.",
    'WHERE password = "" OR token = \'\'',
    "password=${DB_PASSWORD} token=$TOKEN secret={{ vault_secret }} pass=<your password> pwd=%PASS%",
    "PWD=/home/alice OLDPWD=/srv/x",
    "password_file=/run/secrets/db private_key=/etc/ssl/private/site.key",
    "set the token to secret:grafana-2026 on web1",
    "token = found['token'].strip() if request else get_token(name)",
    "usage: prompt_tokens=812 completion_tokens=93 token: 128000",
    "secret \"web-tls\" not found; secret=default/regcred; secretName: web-tls",
    "http://host:8080/a@b https://example.org/?to=a@b.org git@github.com:a/b.git",
    "docker pull docker://nginx:1.27@sha256:" + "ab12" * 16,
    "mysql -u root -p app; ssh -p 2222 host; mkdir -p a/b; docker run -p 80:80 -u 1000:1000 nginx",
    "curl -u admin https://x; tar -p -xf a.tar; cp -p a b",
    "Authorization: denied for bob; basic training; bearer of news; cookie: chocolate",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl alice@laptop",
    '{"password": 12345678, "n": 1}',
    "disk-abcdefghijklmnopqrstuvwxyz0123456789abcdef task-0123456789abcdef0123456789abcdef",
    "iam arn:aws:iam::123456789012:role/app, ami-0abcdef1234567890, vpc-0a1b2c3d4e5f67890",
    "kid=2026-key1 key=5 sort_key=name monkey=banana turkey: 3 hotkeys=ctrl-c",
    "/reset-password/confirm?step=2 /oauth/token?grant=x /api/secrets/list",
    "UUID 123e4567-e89b-12d3-a456-426614174000 MAC 52:54:00:12:34:56 IPv6 fe80::1ff:fe23:4567:890a",
    "ldapsearch -x -s sub -b dc=example; plink -P 2222 bob@host; unzip -p a.zip b; net use of water fell",
    "db_password = (sensitive value), token: (known after apply), secret_id_accessor",
    "passwd:         files systemd\ngroup: files\nprivate_key = $dir/private/cakey.pem",
    "Basic dGhpcyBpcyBub3QgYSBwYWly",
)  # fmt: skip


@pytest.mark.parametrize("text", KEPT)
def test_it_stays(text: str) -> None:
    assert REDACTOR.redact(text) == text


def test_pictures_and_certificates_stay() -> None:
    chance = Ordinary(3)
    for _ in range(60):
        text = f'<img src="data:image/png;base64,{chance.b64(4000)}">\n{chance.block()}'
        assert REDACTOR.redact(text) == text


@pytest.mark.parametrize(
    "text",
    [
        MASK,
        "••••",
        "••••••",
        "password=•••",
        "token: ••••",
        "https://u:•••@h",
        "Bearer •••",
        "-p •••",
        "• a • b",
    ],
)
def test_what_was_masked_stays(text: str) -> None:
    assert REDACTOR.redact(text) == text
