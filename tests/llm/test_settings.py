"""`[llm]`: the order, a table for each provider, what is local, and what may be spent."""

from pathlib import Path
from typing import Any

import pytest

from adapters.llm.settings import at_home
from bot.config import build
from bot.model.errors import ConfigurationError
from bot.providers import LlmConfiguration
from tests.llm.scenes import KEY, settings

CLAUDE = {"model": "claude-sonnet-5-5", "api_key": "env:K"}
OLLAMA = {"model": "qwen3:8b"}


def built(tmp_path: Path, **llm: Any) -> Any:
    return build({"llm": llm}, None, tmp_path, {"K": KEY, "ODD": "two words"})


def test_without_the_table_there_is_no_model(tmp_path: Path) -> None:
    assert build({}, None, tmp_path, {}).llm == LlmConfiguration((), False, 2_000_000, 5.0, 20.0)


@pytest.mark.parametrize("end", [["offline"], []])
def test_the_order_is_the_teams_and_offline_is_its_end(tmp_path: Path, end: list[str]) -> None:
    order = ["ollama", "anthropic", *end]
    llm = built(
        tmp_path, order=order, anthropic=CLAUDE, ollama=OLLAMA, openai={"left": "alone"}
    ).llm
    assert [each.name for each in llm.providers] == ["ollama", "anthropic"]
    assert [each.settings.is_local for each in llm.providers] == [True, False]


def test_two_tables_of_one_kind(tmp_path: Path) -> None:
    fast = {**CLAUDE, "kind": "anthropic", "model": "claude-haiku-5-5", "effort": "low"}
    llm = built(tmp_path, order=["fast", "anthropic"], anthropic=CLAUDE, fast=fast).llm
    assert [(each.name, each.plugin.name) for each in llm.providers] == [
        ("fast", "anthropic"),
        ("anthropic", "anthropic"),
    ]
    assert llm.providers[0].settings.effort == "low"


def test_the_key_is_a_secret_that_is_masked(tmp_path: Path) -> None:
    configuration = built(tmp_path, order=["anthropic"], anthropic=CLAUDE)
    assert configuration.secrets == (KEY,)
    assert KEY not in repr(configuration)


def test_what_may_be_spent(tmp_path: Path) -> None:
    llm = built(tmp_path, tokens_per_day=0, dollars_per_day=1.5, channel_dollars_per_day=0).llm
    assert (llm.tokens_per_day, llm.dollars_per_day, llm.channel_dollars_per_day) == (0, 1.5, 0.0)


@pytest.mark.parametrize(
    ("llm", "told"),
    [
        ({"order": ["anthropic"]}, "'anthropic', which has no table. Add [llm.anthropic]"),
        ({"order": ["antropic"], "anthropic": CLAUDE}, "Did you mean 'anthropic'?"),
        ({"order": ["gemini"], "gemini": OLLAMA}, "There is no llm adapter named 'gemini'"),
        ({"order": ["x"], "x": {**OLLAMA, "kind": "none"}}, "no llm adapter named 'none'"),
        ({"order": ["offline", "ollama"], "ollama": OLLAMA}, "Put 'offline' last"),
        ({"order": ["ollama", "ollama"], "ollama": OLLAMA}, "names 'ollama' twice"),
        ({"order": "ollama"}, "'llm.order'"),
        ({"ordr": ["offline"]}, "[llm]: unknown key 'ordr'. Did you mean 'order'?"),
        ({"nonsense": 1}, "Known here: channel_dollars_per_day, dollars_per_day"),
        ({"tokens_per_day": -1}, "'llm.tokens_per_day'"),
        ({"dollars_per_day": float("nan")}, "'llm.dollars_per_day'"),
        ({"channel_dollars_per_day": "many"}, "'llm.channel_dollars_per_day'"),
        ({"order": ["anthropic"], "anthropic": {}}, "[llm.anthropic]: 'model' is missing"),
        ({"order": ["ollama"], "ollama": {"model": ""}}, "'model'"),
        ({"order": ["ollama"], "ollama": {"model": "a b"}}, "'model'"),
        ({"order": ["ollama"], "ollama": {**OLLAMA, "modl": 1}}, "Did you mean 'model'?"),
        ({"order": ["ollama"], "ollama": {**OLLAMA, "effort": "low"}}, "unknown key 'effort'"),
        ({"order": ["anthropic"], "anthropic": {**CLAUDE, "effort": "some"}}, "'effort'"),
        ({"order": ["anthropic"], "anthropic": {**CLAUDE, "api_key": KEY}}, "literal secret"),
        ({"order": ["anthropic"], "anthropic": {**CLAUDE, "api_key": "env:NO"}}, "has no NO"),
        (
            {"order": ["anthropic"], "anthropic": {**CLAUDE, "api_key": "env:ODD"}},
            "'api_key' holds",
        ),
        ({"order": ["ollama"], "ollama": {**OLLAMA, "timeout": 0}}, "'timeout'"),
        ({"order": ["ollama"], "ollama": {**OLLAMA, "tries": 0}}, "'tries'"),
        (
            {"order": ["anthropic"], "anthropic": {**CLAUDE, "base_url": "http://llm.example"}},
            "'base_url' would send the key in the clear",
        ),
    ],
)
def test_what_is_wrong_is_a_sentence(tmp_path: Path, llm: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        built(tmp_path, **llm)
    assert told in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x",
        "llm.example",
        "https://",
        "https://user:pass@llm.example",
        "https://h?key=1",
        "https://h#x",
        "http://127.0.0.1\\@evil.example",
        "https://h:99999",
        "https://a b",
    ],
)
def test_a_url_is_a_host_and_a_path(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigurationError, match="base_url"):
        built(tmp_path, order=["ollama"], ollama={**OLLAMA, "base_url": url})


def test_local_only_takes_no_provider_outside(tmp_path: Path) -> None:
    tables = {"order": ["anthropic", "ollama"], "anthropic": CLAUDE, "ollama": OLLAMA}
    with pytest.raises(ConfigurationError, match=r"\[llm.anthropic\] is not local") as caught:
        built(tmp_path, local_only=True, **tables)
    assert caught.value.mend
    llm = built(tmp_path, local_only=True, **{**tables, "order": ["ollama"]}).llm
    assert llm.local_only
    assert [each.name for each in llm.providers] == ["ollama"]


def test_what_is_local_may_be_said() -> None:
    assert settings("anthropic", base_url="https://llm.example", local=True).is_local
    assert not settings("ollama", local=False, api_key=None).is_local


@pytest.mark.parametrize(
    ("host", "home"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("localhost", True),
        ("LOCALHOST.", True),
        ("10.1.2.3", True),
        ("172.16.0.1", True),
        ("192.168.1.7", True),
        ("169.254.1.1", True),
        ("::1", True),
        ("fd00::7", True),
        ("fe80::1", True),
        ("::ffff:192.168.1.7", True),
        ("gpu.local", True),
        ("llm.corp.internal", True),
        ("api.anthropic.com", False),
        ("8.8.8.8", False),
        ("172.32.0.1", False),
        ("2001:4860:4860::8888", False),
        ("::ffff:8.8.8.8", False),
        ("local", False),
        ("internal", False),
        ("evil-local", False),
        ("localhost.example.org", False),
        ("127.0.0.1.example.org", False),
        ("10.example.org", False),
        ("2130706433", False),
        ("", False),
    ],
)
def test_which_hosts_are_at_home(host: str, home: bool) -> None:
    assert at_home(host) is home


def test_claude_is_asked_below_its_root() -> None:
    assert (
        settings("anthropic", base_url="https://llm.example/v1/").base_url == "https://llm.example"
    )
