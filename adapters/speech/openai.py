"""The two endpoints that every such service has: words of a sound, and a sound of words. Opened by `bot.app`; used by
`bot.cases.voice` and `bot.loops.speak`.

Two plain requests, so aiohttp makes them. What is answered is read up to a limit and is data.
"""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from adapters.speech.settings import Settings
from bot.model.errors import ParleyError, PermanentError, TemporaryError
from bot.model.ports import Clock

log = logging.getLogger(__name__)

TRIES = 3
PAUSE = 0.5
"""Seconds before the second try; twice as long before each further one."""
LONGEST_PAUSE = 10.0
"""Seconds. A service that wants more of them is not waited for."""
MOST_WORDS = 256 * 1024
"""Bytes of an answer in words."""
MOST_SOUND = 5_000_000
"""Bytes of an answer in sound."""
_TYPE_IN = "Type it instead."

Form = Callable[[], aiohttp.FormData | None]


class OpenAISpeech:
    """One service. Its connections are made with the first request."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None

    async def transcribe(self, sound: bytes, name: str, media_type: str) -> str:
        """As in the port."""

        def form() -> aiohttp.FormData:
            fields = aiohttp.FormData()
            fields.add_field("file", sound, filename=_file_name(name), content_type=media_type)
            fields.add_field("model", self._settings.model)
            fields.add_field("response_format", "json")
            if self._settings.language:
                fields.add_field("language", self._settings.language)
            return fields

        raw = await self._ask("/audio/transcriptions", MOST_WORDS, form=form)
        return _words(raw)

    async def speak(self, text: str) -> bytes:
        """As in the port."""
        asked = {
            "model": self._settings.reply_model,
            "voice": self._settings.voice,
            "input": text,
            "response_format": "mp3",
        }
        sound = await self._ask("/audio/speech", MOST_SOUND, json=asked)
        if not sound:
            raise PermanentError("The speech service made no sound.", "Look at its log.")
        return sound

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _ask(
        self, path: str, most: int, *, form: Form = lambda: None, json: Any = None
    ) -> bytes:
        """A few tries, each with a body of its own."""
        pause = PAUSE
        for left in range(TRIES - 1, -1, -1):
            try:
                return await self._once(path, most, form(), json)
            except TemporaryError as error:
                wait = pause if error.after is None else error.after
                if not left or wait > LONGEST_PAUSE:
                    raise
                log.warning("speech: %s Trying again in %.1f s.", error.what, wait)
                await self._clock.sleep(wait)
                pause *= 2
        raise AssertionError  # the last try returns or raises

    async def _once(self, path: str, most: int, form: aiohttp.FormData | None, json: Any) -> bytes:
        url = f"{self._settings.url}{path}"
        session = self._opened()
        try:
            async with session.post(url, data=form, json=json, allow_redirects=False) as answer:
                raw = await _read(answer, most)
                if answer.status == 200:
                    return raw
                raise refused(answer.status, answer.headers)
        except TimeoutError as error:
            what = f"The speech service did not answer within {self._settings.timeout:.0f} s."
            raise TemporaryError(
                what, f"{_TYPE_IN[:-1]}, or try later.", reason="timeout"
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            what = f"The speech service at {urlsplit(url).netloc} cannot be reached."
            raise TemporaryError(what, f"{_TYPE_IN[:-1]}, or try later.", reason="down") from error

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            key = self._settings.key
            head = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
            pace = aiohttp.ClientTimeout(total=self._settings.timeout, sock_connect=10)
            self._session = aiohttp.ClientSession(headers=head, timeout=pace, trust_env=True)
        return self._session


def refused(status: int, head: Mapping[str, str]) -> ParleyError:
    """What an answer other than 200 means, with the mend. Pure. What the service says of it is not shown: it may hold the key."""
    if status in {401, 403}:
        what = f"The speech service refuses my key ({status})."
        return PermanentError(
            what, "An operator mends [speech] key; type it meanwhile.", reason="login"
        )
    if status == 429:
        what = "The speech service has too much to do (429)."
        mend = f"{_TYPE_IN[:-1]}, or try later."
        return TemporaryError(what, mend, after=_after(head), reason="rate")
    if status >= 500 or status == 408:
        what = f"The speech service is in trouble ({status})."
        mend = f"{_TYPE_IN[:-1]}, or try later."
        return TemporaryError(what, mend, after=_after(head), reason="down")
    if status == 413:
        return PermanentError("That is too long for the speech service (413).", _TYPE_IN)
    if status in {400, 415, 422}:
        what = f"The speech service cannot read that sound ({status})."
        return PermanentError(what, f"Record it anew, or {_TYPE_IN.casefold()}", reason="format")
    what = f"The speech service answers {status}."
    return PermanentError(what, "An operator looks at [speech] url and model; type it meanwhile.")


def _after(head: Mapping[str, str]) -> float | None:
    try:
        seconds = float(head.get("Retry-After", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds < 86_400 else None


def _words(raw: bytes) -> str:
    try:
        told = json.loads(raw)
        words = told["text"]
    except (ValueError, RecursionError, LookupError, TypeError) as error:
        raise _no_words() from error
    if not isinstance(words, str):
        raise _no_words()
    return words.strip()


def _no_words() -> PermanentError:
    what = "What the speech service answered is no transcript."
    return PermanentError(what, "An operator looks at [speech] url; type it meanwhile.")


async def _read(answer: aiohttp.ClientResponse, most: int) -> bytes:
    """At most so many bytes; more is never read."""
    whole = bytearray()
    async for chunk in answer.content.iter_chunked(64 * 1024):
        whole += chunk
        if len(whole) > most:
            answer.close()
            what = f"The speech service answered more than {most // 1000} kB."
            raise PermanentError(what, f"Say less, or {_TYPE_IN.casefold()}")
    return bytes(whole)


def _file_name(name: str) -> str:
    """What the service tells the format by: the ending, and nothing else of what somebody called it."""
    ending = "".join(each for each in name.rpartition(".")[2] if each.isascii() and each.isalnum())
    return f"note.{ending[:8].casefold()}" if "." in name and ending else "note.ogg"


async def probe(settings: Settings) -> str | None:
    """As `settings.probe`: the list of models, which costs nothing."""
    key = settings.key
    head = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
    pace = aiohttp.ClientTimeout(total=min(settings.timeout, 15.0))
    try:
        async with (
            aiohttp.ClientSession(headers=head, timeout=pace, trust_env=True) as session,
            session.get(f"{settings.url}/models", allow_redirects=False) as answer,
        ):
            status = answer.status
    except (aiohttp.ClientError, TimeoutError, OSError):
        return f"Nothing answers at {settings.url}. Start it, or mend [speech] url."
    if status in {401, 403}:
        return f"The key is refused ({status}). Mend [speech] key."
    if status >= 500:
        return f"It answers {status}. Look at its log, or mend [speech] url."
    return None


def open_speech(settings: Settings, clock: Clock) -> OpenAISpeech:
    """The service that is configured."""
    return OpenAISpeech(settings, clock)
