"""The configuration table of a Matrix chat."""

import subprocess
import sys
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from adapters.chat.matrix.settings import PLUGIN, Settings

GOOD: dict[str, Any] = {
    "homeserver": "https://matrix.example.org",
    "user": "@infra:example.org",
    "password": SecretStr("secret"),
}


def test_the_least_that_works() -> None:
    settings = Settings.model_validate(GOOD)
    assert settings.homeserver == "https://matrix.example.org"
    assert "secret" not in repr(settings)
    assert settings.welcomes("@anybody:anywhere.org")


def test_a_slash_at_the_end_of_the_server_does_no_harm() -> None:
    table = GOOD | {"homeserver": "https://example.org/matrix/"}
    assert Settings.model_validate(table).homeserver == "https://example.org/matrix"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": None}, "give either password or token"),
        ({"token": SecretStr("t")}, "give either password or token"),
        ({"homeserver": "matrix.example.org"}, "homeserver"),
        ({"user": "infra"}, "user"),
        ({"invites": "nobody"}, "invites"),
        ({"invites": "known"}, "needs inviters"),
        ({"trust": "known"}, "needs trusted"),
        ({"trust": "nobody"}, "trust"),
        ({"pasword": "x"}, "pasword"),
        ({"poll": 0}, "poll"),
    ],
)
def test_what_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate(GOOD | change)
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)


def test_who_may_invite() -> None:
    inviters = ("@carol:else.org", ":example.org")
    settings = Settings.model_validate(GOOD | {"invites": "known", "inviters": inviters})
    assert settings.welcomes("@carol:else.org")
    assert settings.welcomes("@alice:example.org")
    assert not settings.welcomes("@alice:else.org")
    assert not settings.welcomes("@alice:evil.example.org")


def test_every_setting_says_what_it_is() -> None:
    assert all(field.description for field in PLUGIN.settings.model_fields.values())


def test_reading_the_settings_brings_no_sdk() -> None:
    code = (
        "import sys, adapters.chat.matrix.settings as s;"
        "assert not {'nio', 'aiohttp'} & sys.modules.keys();"
        "s.PLUGIN.load(); assert 'nio' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_trust_on_first_use_is_for_every_device() -> None:
    assert Settings.model_validate(GOOD).trusts("@alice:x", "PHONE", "key")


def test_known_devices_are_named_by_id_or_fingerprint() -> None:
    trusted = {"@alice:x": ["PHONE", "key2"]}
    strict = Settings.model_validate(GOOD | {"trust": "known", "trusted": trusted})
    assert strict.trusts("@alice:x", "PHONE", "key1")
    assert strict.trusts("@alice:x", "LAPTOP", "key2")
    assert not strict.trusts("@alice:x", "LAPTOP", "key1")
    assert not strict.trusts("@bob:x", "PHONE", "key2")
