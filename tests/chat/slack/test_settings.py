"""The configuration table of a Slack chat."""

import subprocess
import sys
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from adapters.chat.slack.settings import PLUGIN, Settings
from adapters.chat.slack.web import proxy_for

SOCKET: dict[str, Any] = {
    "bot_token": SecretStr("xoxb-secret"),
    "app_token": SecretStr("xapp-secret"),
}
HTTP: dict[str, Any] = {
    "bot_token": SecretStr("xoxb-secret"),
    "signing_secret": SecretStr("signing-secret"),
    "listen": "127.0.0.1:4000",
}


@pytest.mark.parametrize("table", [SOCKET, HTTP])
def test_the_least_that_works(table: dict[str, Any]) -> None:
    settings = Settings.model_validate(table)
    assert settings.api_url == "https://slack.com/api/"
    assert "secret" not in repr(settings).replace("signing_secret", "")


def test_small_differences_do_no_harm() -> None:
    table = SOCKET | {"api_url": "http://127.0.0.1:3000/api", "emoji": {":undo:": "↩️"}}
    settings = Settings.model_validate(table)
    assert settings.api_url == "http://127.0.0.1:3000/api/"
    assert settings.emoji == {"undo": "↩"}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (SOCKET | {"app_token": None}, "app_token for Socket Mode, or signing_secret and listen"),
        (HTTP | {"listen": None}, "signing_secret and listen"),
        (HTTP | {"signing_secret": SecretStr(" ")}, "signing_secret is empty"),
        (SOCKET | HTTP, "not both"),
        (HTTP | {"listen": "4000"}, "listen"),
        (SOCKET | {"api_url": "slack.com"}, "api_url"),
        (SOCKET | {"connections": 11}, "connections"),
        (SOCKET | {"apptoken": "x"}, "apptoken"),
        ({"app_token": SecretStr("x")}, "bot_token"),
    ],
)
def test_what_is_wrong_is_named(table: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words) as caught:
        Settings.model_validate(table)
    assert "xoxb-secret" not in str(caught.value)


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_the_sdk_is_imported_only_by_who_uses_it() -> None:
    code = "import sys, adapters.chat.slack.settings as s; print('slack_sdk' in sys.modules, 'aiohttp' in sys.modules)"
    code += "; s.PLUGIN.load(); print('slack_sdk' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert found.stdout.split() == ["False", "False", "True"]
    assert PLUGIN.name == "slack"


def test_proxies_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert proxy_for("https://slack.com/api/") is None
    monkeypatch.setenv("https_proxy", "http://proxy.test:3128")
    monkeypatch.setenv("no_proxy", "127.0.0.1,.intern.test")
    assert proxy_for("https://slack.com/api/") == "http://proxy.test:3128"
    assert proxy_for("https://files.intern.test/x") is None
    assert proxy_for("http://127.0.0.1:3000/api/") is None
