"""Both SDKs and Ollama's kind against a server that others wrote, and what it does on a bad day."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from bot.clock import SystemClock
from bot.model.errors import ParleyError, PermanentError, TemporaryError
from bot.model.llm import Picked, Prompt, Reply, Returned, Said
from tests.llm.scenes import KINDS, PLUGINS, TOOL, plainly, prompt, settings
from tests.servers import aimock

FIXTURES: list[dict[str, Any]] = [
    {
        "match": {"userMessage": "add a site", "hasToolResult": False},
        "response": {
            "blocks": [
                {"type": "text", "text": "Planning."},
                {"type": "toolCall", "name": TOOL.name, "arguments": '{"domain": "a.example"}'},
            ]
        },
    },
    {
        "match": {"userMessage": "add a site", "hasToolResult": True},
        "response": {"content": "Done: the site is there."},
    },
    {
        "match": {"userMessage": "hello"},
        "response": {"content": "Hi there from the mock, a longer sentence for streaming."},
    },
    {
        "match": {"userMessage": "limit me"},
        "response": {"error": {"message": "slow down", "type": "rate_limit_error"}, "status": 429},
    },
    {
        "match": {"userMessage": "who are you"},
        "response": {"error": {"message": "no", "type": "authentication_error"}, "status": 401},
    },
]
Starts = Callable[..., str]


@pytest.fixture
def starts(tmp_path: Path) -> Iterator[Starts]:
    """Starts aimock with these flags; its URL."""
    if aimock.absent():
        pytest.skip(aimock.absent())
    (tmp_path / "all.json").write_text(json.dumps({"fixtures": FIXTURES}))
    with ExitStack() as running:
        yield lambda *flags: running.enter_context(aimock.serving(tmp_path / "all.json", *flags))


def _listed(url: str) -> list[str]:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return [each["id"] for each in json.load(answer)["data"]]


async def asked(kind: str, url: str, question: Prompt, **more: Any) -> list[Any]:
    """Every piece, the reply or the error last."""
    url = url if kind == "anthropic" else f"{url}/v1"
    made = settings(kind, **{"base_url": url, "tries": 2, **more})
    model = PLUGINS[kind].load()("it", made, SystemClock())
    found: list[Any] = []
    try:
        async for piece in model.reply(question):
            found.append(plainly(piece))
    except ParleyError as error:
        found.append(error)
    await model.close()
    return found


@pytest.mark.parametrize("kind", KINDS)
async def test_a_pick_and_what_came_of_it(kind: str, starts: Starts) -> None:
    url = starts()
    question = prompt(must_pick=True)
    *words, picked = await asked(kind, url, question)
    assert "".join(words) == "Planning."
    assert isinstance(picked, Reply)
    assert (picked.end, picked.text) == ("picked", "Planning.")
    (call,) = picked.calls
    assert (call.tool, call.arguments) == (TOOL.name, {"domain": "a.example"})
    assert picked.usage.dollars == 0.0
    turns = (
        Said("user", "add a site"),
        Picked(picked.text, picked.calls),
        Returned(((call.id, "Good.", False),)),
    )
    *_, last = await asked(kind, url, Prompt("You plan work.", (TOOL,), turns))
    assert (last.text, last.end) == ("Done: the site is there.", "said")


@pytest.mark.parametrize("kind", KINDS)
async def test_words_come_as_they_are_said(kind: str, starts: Starts) -> None:
    *words, last = await asked(kind, starts("--chunk-size", "5"), prompt("hello"))
    assert len(words) > 5
    assert "".join(words) == last.text == FIXTURES[2]["response"]["content"]


@pytest.mark.parametrize("kind", KINDS)
async def test_slow_words_are_waited_for_and_slow_answers_are_not(
    kind: str, starts: Starts
) -> None:
    """All words together take longer than the timeout."""
    slow = starts("--latency", "60", "--chunk-size", "2")
    *words, last = await asked(kind, slow, prompt("hello"), timeout=1)
    assert isinstance(last, Reply)
    assert len(words) > 20
    (error,) = await asked(kind, starts("--chaos-latency", "5000"), prompt("hello"), timeout=1)
    assert isinstance(error, TemporaryError)
    assert "did not answer in time (1 s)" in error.what


@pytest.mark.parametrize("kind", ["anthropic", "openai"])
async def test_a_drip_without_end_is_given_up(kind: str, starts: Starts) -> None:
    drip = starts("--latency", "400", "--chunk-size", "1")
    *words, error = await asked(kind, drip, prompt("hello"), timeout=1)
    assert words
    assert isinstance(error, TemporaryError)
    assert "did not answer in time" in error.what


CHAOS = (
    (("--chaos-drop", "1"), TemporaryError, "in trouble (500)"),
    (("--chaos-malformed", "1"), PermanentError, "cannot be read"),
    (("--chaos-disconnect", "1"), TemporaryError, "broke off"),
    (("--chaos-ratelimit", "1"), TemporaryError, "too much to do (429)"),
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("flags", "error", "told"), CHAOS)
async def test_chaos_is_told_in_one_sentence(
    kind: str, flags: tuple[str, ...], error: type[ParleyError], told: str, starts: Starts
) -> None:
    (found,) = await asked(kind, starts(*flags), prompt("hello"), tries=1)
    assert type(found) is error
    assert told in found.what


@pytest.mark.parametrize("kind", KINDS)
async def test_half_a_chaos_is_lived_through(kind: str, starts: Starts) -> None:
    """Of four questions, each tried up to five times, one at most fails."""
    url = starts("--chaos-drop", "0.3")
    ends = [(await asked(kind, url, prompt("hello"), tries=5))[-1] for _ in range(4)]
    assert sum(isinstance(end, Reply) for end in ends) >= 3


@pytest.mark.parametrize("kind", KINDS)
async def test_errors_of_the_service(kind: str, starts: Starts) -> None:
    url = starts()
    (busy,) = await asked(kind, url, prompt("limit me"), tries=1)
    assert "too much to do (429)" in busy.what
    (key,) = await asked(kind, url, prompt("who are you"))
    assert "refuses my key (401)" in key.what


@pytest.mark.parametrize("kind", KINDS)
async def test_nobody_is_there(kind: str) -> None:
    (error,) = await asked(kind, "http://127.0.0.1:9", prompt("hello"), tries=1)
    assert isinstance(error, TemporaryError)
    assert "cannot be reached at 127.0.0.1" in error.what


@pytest.mark.parametrize("kind", KINDS)
async def test_check_against_it(kind: str, starts: Starts) -> None:
    url = starts() + ("" if kind == "anthropic" else "/v1")
    known = _listed(f"{url.removesuffix('/v1')}/v1/models")
    probe = PLUGINS[kind].probe
    assert probe is not None
    assert await probe("it", settings(kind, base_url=url, model=known[0])) is None
    words = await probe("it", settings(kind, base_url=url, model="no-such-model"))
    assert "knows no model no-such-model" in words
