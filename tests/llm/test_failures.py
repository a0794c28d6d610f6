"""Every status and silence is one sentence with its mend; what is worth another try gets one; and no sentence holds the key."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from bot.model.errors import ParleyError, PermanentError, TemporaryError
from bot.model.llm import Reply
from tests.llm.scenes import (
    KEY,
    KINDS,
    NAMES,
    answer,
    event,
    failure,
    plain,
    reply,
    said,
    service,
    stream,
)

PERMANENT = {
    301: "leads to another address",
    307: "leads to another address",
    400: "cannot make sense of the question",
    401: "refuses my key",
    402: "no credit left",
    403: "does not let me use",
    404: "knows no model",
    413: "too long for it",
    418: "answers 418",
    422: "cannot make sense of the question",
}
TEMPORARY = {
    408: "in trouble",
    429: "too much to do",
    500: "in trouble",
    502: "in trouble",
    503: "in trouble",
    504: "in trouble",
    529: "in trouble",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", PERMANENT)
async def test_a_status_that_asking_again_does_not_mend(kind: str, status: int) -> None:
    there = service(plain(status, location="https://other.example"))
    error = await failure(kind, there)
    assert isinstance(error, PermanentError)
    assert PERMANENT[status] in error.what
    assert f"{status}" in error.what
    assert error.mend
    assert len(there.asked) == 1
    assert there.clock.slept == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", TEMPORARY)
async def test_a_status_that_may_mend_itself_is_tried_again(kind: str, status: int) -> None:
    there = service(plain(status))
    error = await failure(kind, there)
    assert isinstance(error, TemporaryError)
    assert TEMPORARY[status] in error.what
    assert f"({status})" in error.what
    assert error.mend
    assert len(there.asked) == 3
    assert there.clock.slept == [0.5, 1.0]


@pytest.mark.parametrize("kind", KINDS)
async def test_the_second_try_may_succeed(kind: str) -> None:
    there = service(plain(529), plain(429), stream(*answer(kind, "Hi.")))
    assert (await reply(kind, there)).text == "Hi."


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tries", [1, 2, 5])
async def test_how_often_is_a_setting(kind: str, tries: int) -> None:
    there = service(plain(503))
    await failure(kind, there, tries=tries)
    assert len(there.asked) == tries


@pytest.mark.parametrize(
    ("headers", "slept", "after"),
    [
        ({"retry-after": "3"}, [3.0, 3.0], 3.0),
        ({"retry-after": "10"}, [10.0, 10.0], 10.0),
        ({"retry-after-ms": "250", "retry-after": "9"}, [0.25, 0.25], 0.25),
        ({"retry-after": "Sat, 21 Nov 2026 12:00:04 GMT"}, [4.0, 4.0], 4.0),
        ({"retry-after": "Sat, 21 Nov 2026 11:00:00 GMT"}, [0.0, 0.0], 0.0),
        ({"retry-after": "11"}, [], 11.0),
        ({"retry-after": "Sat, 21 Nov 2026 13:00:00 GMT"}, [], 3600.0),
        ({"retry-after": "soon"}, [0.5, 1.0], None),
        ({"retry-after": "-5"}, [0.5, 1.0], None),
        ({"retry-after": "1e999"}, [0.5, 1.0], None),
        ({"retry-after": "99999999"}, [0.5, 1.0], None),
    ],
)
async def test_who_asks_for_patience_gets_a_little(
    headers: dict[str, str], slept: list[float], after: float | None
) -> None:
    for kind in ("anthropic", "openai"):
        there = service(plain(429, **headers))
        error = await failure(kind, there)
        assert isinstance(error, TemporaryError)
        assert error.after == after
        assert there.clock.slept == slept


CODES: tuple[tuple[dict[str, Any], str, int], ...] = (
    ({"type": "error", "error": {"type": "billing_error"}}, "no credit left", 1),
    ({"error": {"code": "insufficient_quota", "type": "insufficient_quota"}}, "no credit left", 1),
    ({"error": {"code": "context_length_exceeded"}}, "too long for it", 1),
    ({"error": {"code": "model_not_found"}}, "knows no model", 1),
    ({"error": {"code": 7, "type": ["x"]}}, "too much to do", 3),
    ({"error": "words"}, "too much to do", 3),
)


@pytest.mark.parametrize(("body", "told", "tries"), CODES)
@pytest.mark.parametrize("kind", ["anthropic", "openai"])
async def test_what_the_service_says_of_it(
    kind: str, body: dict[str, Any], told: str, tries: int
) -> None:
    there = service(plain(429, body))
    assert told in (await failure(kind, there)).what
    assert len(there.asked) == tries


MIDDLE: tuple[tuple[str, str, bool], ...] = (
    ("overloaded_error", "in trouble (529)", True),
    ("rate_limit_error", "too much to do", True),
    ("api_error", "in trouble (500)", True),
    ("a new one", "in trouble (500)", True),
    ("authentication_error", "refuses my key", False),
    ("invalid_request_error", "cannot make sense", False),
)


@pytest.mark.parametrize(("code", "told", "temporary"), MIDDLE)
@pytest.mark.parametrize("kind", ["anthropic", "openai"])
async def test_a_refusal_in_the_middle_of_the_answer(
    kind: str, code: str, told: str, temporary: bool
) -> None:
    refusal = event({"type": "error", "error": {"type": code, "message": f"Your key {KEY}"}})
    there = service(stream(*answer(kind, "One")[:4], refusal))
    found = await said(kind, there)
    assert found[0] == "One"
    assert told in found[-1].what
    assert isinstance(found[-1], TemporaryError) == temporary
    assert len(there.asked) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_a_refusal_before_the_first_word_is_tried_again(kind: str) -> None:
    refusal = event({"type": "error", "error": {"type": "overloaded_error"}})
    there = service(stream(refusal), stream(*answer(kind, "Hi.")))
    assert (await reply(kind, there)).text == "Hi."
    assert len(there.asked) == 2


SILENCES = (
    (httpx2.ConnectError("refused"), "cannot be reached", 3),
    (httpx2.ReadError("reset"), "broke off", 3),
    (httpx2.RemoteProtocolError("no answer"), "broke off", 3),
    (httpx2.ConnectTimeout("slow"), "did not answer in time", 1),
    (httpx2.ReadTimeout("slow"), "did not answer in time", 1),
    (httpx2.PoolTimeout("slow"), "did not answer in time", 1),
    (ValueError(f"something else with {KEY}"), "cannot be read", 1),
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("error", "told", "tries"), SILENCES)
async def test_silence(kind: str, error: Exception, told: str, tries: int) -> None:
    there = service(error)
    found = await failure(kind, there)
    assert told in found.what
    assert found.mend
    assert len(there.asked) == tries


@pytest.mark.parametrize("kind", KINDS)
async def test_silence_in_the_middle(kind: str) -> None:
    async def body() -> AsyncIterator[bytes]:
        for chunk in answer(kind, "One", "two")[:4]:
            yield chunk
        raise httpx2.ReadTimeout("slow")

    there = service(lambda: httpx2.Response(200, content=body()))
    found = await said(kind, there)
    assert found[0] == "One"
    assert "did not answer in time" in found[-1].what
    assert len(there.asked) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_no_sentence_holds_the_key(kind: str) -> None:
    answers: list[Any] = [plain(status) for status in (*PERMANENT, *TEMPORARY)]
    answers += [error for error, _, _ in SILENCES]
    answers.append(stream(event({"type": "error", "error": {"type": KEY, "code": KEY}})))
    for each in answers:
        error = (await said(kind, service(each), tries=1))[-1]
        assert isinstance(error, ParleyError)
        shown = f"{error} {error!r} {error.what} {error.mend} {error.reason}"
        assert KEY not in shown
        assert error.__cause__ is None
        assert error.__suppress_context__ or error.__context__ is None


async def test_a_missing_key_is_no_wrong_one() -> None:
    error = await failure("ollama", service(plain(401)), api_key=None)
    assert "it wants a key (401)" in error.what
    assert "[llm.it] api_key" in error.mend


async def test_the_model_is_named_where_it_is_unknown() -> None:
    for kind in KINDS:
        assert NAMES[kind] in (await failure(kind, service(plain(404)))).what


@pytest.mark.parametrize("kind", KINDS)
async def test_a_redirect_takes_neither_question_nor_key_along(kind: str) -> None:
    there = service(
        plain(307, location="https://other.example/v1/messages"), stream(*answer(kind, "Hi."))
    )
    found = await said(kind, there)
    assert not any(isinstance(each, Reply) for each in found)
    assert [request.url.host for request in there.asked] == [there.asked[0].url.host]
