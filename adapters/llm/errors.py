"""What a service's refusal or silence means, as a sentence with its mend. Used by `adapters.llm.asking`.

What a service says of it is not shown: it may hold the key, or words of a stranger. Only the few codes that are known here count.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from adapters.llm.settings import Settings
from adapters.llm.wire import StrangerError, TooLongError
from bot.model.errors import ParleyError, PermanentError, TemporaryError
from bot.model.ports import Clock

log = logging.getLogger(__name__)

LATER = "Ask again later."
_NO_CREDIT = {"billing_error", "insufficient_quota", "billing_hard_limit_reached"}
_TOO_LONG = {"context_length_exceeded", "string_above_max_length"}
_NO_MODEL = {"model_not_found"}
_KINDS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "overloaded_error": 529,
    "timeout_error": 504,
    "gateway_timeout_error": 504,
}
_LONGEST_WAIT = 86_400


def too_long(name: str) -> PermanentError:
    """An answer of which no more is read."""
    what = f"The answer of {name} was too long, so I stopped reading it."
    return PermanentError(what, "Ask for less at once.", reason="endless")


def unreadable(name: str) -> PermanentError:
    """An answer that is none."""
    what = f"What {name} answered cannot be read."
    return PermanentError(what, f"An operator looks at [llm.{name}] base_url.", reason="unreadable")


def broken_off(name: str) -> TemporaryError:
    """An answer without its end."""
    return TemporaryError(f"{name} broke off in the middle of its answer.", LATER, reason="cut")


def slow(name: str, settings: Settings) -> TemporaryError:
    """No answer, or none to its end, in time."""
    what = f"{name} did not answer in time ({settings.timeout:.0f} s)."
    mend = f"Ask again later, or an operator raises [llm.{name}] timeout."
    return TemporaryError(what, mend, reason="timeout")


def refused(
    name: str, settings: Settings, status: int, code: str = "", after: float | None = None
) -> ParleyError:
    """What a status other than 2xx means. `after`: seconds that the service wants us to wait."""
    told = _plain(name, settings, status, code)
    if told is not None:
        return PermanentError(told[0], told[1], reason=told[2])
    if status == 429:
        what = f"{name} has too much to do (429)."
        return TemporaryError(what, LATER, after=after, reason="rate")
    if status >= 500 or status in {408, 409}:
        what = f"{name} is in trouble ({status})."
        return TemporaryError(what, LATER, after=after, reason="down")
    what = f"{name} answers {status}."
    return PermanentError(what, f"An operator looks at [llm.{name}] base_url.")


def _plain(name: str, settings: Settings, status: int, code: str) -> tuple[str, str, str] | None:
    """What happened, the mend and the reason, where asking again is of no use."""
    model, place = settings.model, f"An operator mends [llm.{name}]"
    does = "refuses my key" if settings.api_key is not None else "wants a key"
    no_sense = f"Say it otherwise; an operator looks whether {model} takes tools."
    known = (
        (
            status == 402 or code in _NO_CREDIT,
            (f"The account at {name} has no credit left ({status}).", "Pay for more.", "credit"),
        ),
        (
            status == 413 or code in _TOO_LONG,
            (f"The question is too long for {name} ({status}).", "Ask for less.", "too long"),
        ),
        (status == 401, (f"{name} {does} ({status}).", f"{place} api_key.", "login")),
        (
            status == 403,
            (f"{name} does not let me use {model} ({status}).", f"{place} api_key.", "login"),
        ),
        (
            status == 404 or code in _NO_MODEL,
            (f"{name} knows no model {model} ({status}).", f"{place} model or base_url.", "model"),
        ),
        (
            status in {400, 422},
            (f"{name} cannot make sense of the question ({status}).", no_sense, "format"),
        ),
        (
            300 <= status < 400,
            (
                f"{name} leads to another address ({status}), where I do not go.",
                f"{place} base_url.",
                "redirect",
            ),
        ),
    )
    return next((told for fits, told in known if fits), None)


def told_in_the_answer(name: str, settings: Settings, error: object) -> ParleyError:
    """A refusal that comes after a status of 200, in the middle of the answer: `{"type", "code"}`."""
    code = code_of(error)
    return refused(name, settings, _KINDS.get(code, 500), code)


def code_of(error: object) -> str:
    """The code of a refusal, if it is one of those that are known; "" else."""
    table: Mapping[str, Any] = error if isinstance(error, dict) else {}
    inner = table.get("error")
    inner = inner if isinstance(inner, dict) else table
    known = _NO_CREDIT | _TOO_LONG | _NO_MODEL | _KINDS.keys()
    said = [each for each in (inner.get("code"), inner.get("type")) if isinstance(each, str)]
    return next((each for each in said if each in known), "")


def wait_of(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that a service asks us to wait, by Retry-After or retry-after-ms; None for none or nonsense."""
    thousandths, said = headers.get("retry-after-ms", ""), headers.get("retry-after", "")
    try:
        if thousandths:
            seconds = float(thousandths) / 1000
        elif said.strip()[:1].isdigit():
            seconds = float(said)
        else:
            seconds = (parsedate_to_datetime(said) - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, seconds) if seconds < _LONGEST_WAIT else None


@contextmanager
def in_plain_words(name: str, settings: Settings, clock: Clock) -> Iterator[None]:
    """Whatever a client raises in here comes out as TemporaryError or PermanentError."""
    try:
        yield
    except ParleyError:
        raise
    except Exception as error:  # noqa: BLE001  # the SDKs wrap all that may happen in errors of their own; each is told apart
        # `from error`: an SDK's error quotes the service, which may quote the key.
        raise _meant(name, settings, error, clock) from None


def _meant(name: str, settings: Settings, error: Exception, clock: Clock) -> ParleyError:
    """An SDK's error, told apart by what caused it."""
    status, answer = getattr(error, "status_code", None), getattr(error, "response", None)
    if isinstance(status, int) and isinstance(answer, httpx2.Response):
        code = code_of(getattr(error, "body", None))
        return refused(name, settings, status, code, wait_of(answer.headers, clock.now()))
    told = (_caused(name, settings, each) for each in _causes(error))
    found = next((each for each in told if each is not None), None)
    if found is None:
        log.warning("model %s: %s", name, type(error).__name__)
    return found or unreadable(name)


def _caused(name: str, settings: Settings, cause: BaseException) -> ParleyError | None:
    match cause:
        case TooLongError():
            return too_long(name)
        case StrangerError():
            what = f"A request to {name} would have gone to another server."
            return PermanentError(
                what, f"An operator looks at [llm.{name}] base_url.", reason="server"
            )
        case TimeoutError() | httpx2.TimeoutException():
            return slow(name, settings)
        case httpx2.ConnectError():
            what = f"{name} cannot be reached at {settings.host}."
            mend = f"An operator starts it, or mends [llm.{name}] base_url."
            return TemporaryError(what, mend, reason="down")
        case httpx2.TransportError():
            return broken_off(name)
        case _:
            return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those behind it."""
    seen = 0
    while error is not None and seen < 10:
        yield error
        error, seen = error.__cause__ or error.__context__, seen + 1
