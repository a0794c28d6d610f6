"""`parley check`: whether each provider answers, takes its key and knows its model."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from adapters.llm.probe import look
from tests.llm.scenes import KEY, KINDS, NAMES, PLUGINS, settings

LIST = {"data": [{"id": "claude-haiku-5-5"}, {"id": "claude-sonnet-5-0"}, {"id": 7}, "x"]}


class Models:
    """A service with these answers to GET /models and GET /models/NAME."""

    def __init__(self, listed: httpx2.Response | Exception, one: int = 404) -> None:
        self.listed, self.one = listed, one
        self.asked: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        if not request.url.path.endswith("/models"):
            return httpx2.Response(self.one)
        if isinstance(self.listed, Exception):
            raise self.listed
        return self.listed


async def found(kind: str, models: Models, **more: Any) -> str | None:
    return await look(
        "it", settings(kind, **more), "http://127.0.0.1:11434/v1", {}, httpx2.MockTransport(models)
    )


@pytest.mark.parametrize(
    ("listed", "told"),
    [
        (httpx2.Response(200, json={"data": [{"id": NAMES["ollama"]}]}), None),
        (httpx2.Response(404), None),
        (httpx2.Response(405), None),
        (httpx2.Response(401), "The key is refused (401). Mend [llm.it] api_key."),
        (httpx2.Response(403), "The key is refused (403)"),
        (httpx2.Response(500), "It answers 500"),
        (httpx2.Response(302, headers={"location": "http://evil.example"}), "It answers 302"),
        (httpx2.ConnectError("refused"), "Nothing answers at http://127.0.0.1:11434/v1"),
        (httpx2.ReadTimeout("slow"), "Nothing answers"),
        (httpx2.Response(200, json={"data": []}), "knows no model qwen3:8b"),
        (httpx2.Response(200, text="<html>"), "the list of models is empty"),
        (httpx2.Response(200, json=[1]), "the list of models is empty"),
    ],
)
async def test_one_sentence_with_the_mend(
    listed: httpx2.Response | Exception, told: str | None
) -> None:
    words = await found("ollama", Models(listed))
    assert words is None if told is None else told in str(words)
    assert KEY not in str(words)


async def test_a_list_without_end_is_not_read() -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(160):
            yield b"x" * 65_536

    words = await found("ollama", Models(httpx2.Response(200, content=body())))
    assert "Nothing answers" in str(words)


async def test_a_missing_key_is_no_wrong_one() -> None:
    words = await found("ollama", Models(httpx2.Response(401)), api_key=None)
    assert "The key is missing (401)" in str(words)


async def test_an_unknown_model_names_those_that_are_near() -> None:
    models = Models(httpx2.Response(200, json=LIST))
    words = await found("ollama", models, model="claude-sonnet-5-5")
    assert "knows no model claude-sonnet-5-5" in str(words)
    assert "there is claude-sonnet-5-0" in str(words)


async def test_a_name_that_the_service_knows_otherwise_is_known() -> None:
    models = Models(httpx2.Response(200, json=LIST), one=200)
    assert await found("ollama", models, model="qwen3") is None
    assert [request.url.path for request in models.asked] == ["/v1/models", "/v1/models/qwen3"]


async def test_a_model_cannot_lead_elsewhere() -> None:
    models = Models(httpx2.Response(200, json=LIST))
    await found("ollama", models, model="../../admin?x=1#y")
    assert models.asked[-1].url.raw_path == b"/v1/models/..%2F..%2Fadmin%3Fx%3D1%23y"


@pytest.mark.parametrize("kind", KINDS)
async def test_nothing_listens(kind: str) -> None:
    probe = PLUGINS[kind].probe
    assert probe is not None
    words = await probe("it", settings(kind, base_url="http://127.0.0.1:9"))
    assert "Nothing answers at http://127.0.0.1:9" in words


def test_check_has_a_line_for_each(tmp_path: Path) -> None:
    file = tmp_path / "parley.toml"
    file.write_text(
        '[llm]\norder = ["ollama", "offline"]\n[llm.ollama]\nmodel = "m"\nbase_url = "http://127.0.0.1:9"\n'
    )
    done = subprocess.run(
        [sys.executable, "-m", "bot.cli", "-c", str(file), "--json", "check"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    lines = {line["what"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert lines["model ollama (m at 127.0.0.1)"]["state"] == "fails"
    assert "mend [llm.ollama] base_url" in lines["model ollama (m at 127.0.0.1)"]["words"]
    assert done.returncode == 1


def test_check_says_that_none_is_configured(tmp_path: Path) -> None:
    file = tmp_path / "parley.toml"
    file.write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "bot.cli", "-c", str(file), "check"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "models: not configured" in done.stdout
