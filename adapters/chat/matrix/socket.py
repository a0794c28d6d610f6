"""The connection to one homeserver: login, kept device, and single requests. Used by every other module of this folder.

nio's client holds the session and the login. Requests go through its `send`, which neither retries nor sleeps, so that
what the server says comes back at once as an answer or as one of our errors.
"""

import asyncio
import contextlib
import io
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from aiohttp import ClientError, ClientResponse, ClientTimeout
from nio import AsyncClient, AsyncClientConfig

from adapters.chat.matrix.decoding import decoded
from adapters.chat.matrix.settings import Settings
from bot.model.errors import LoginError, PermanentError, TemporaryError

Json = dict[str, Any]

CLIENT = "/_matrix/client/v3"
RELATIONS = "/_matrix/client/v1"
MEDIA = "/_matrix/media/v3"
CHUNK = 64 * 1024

DEAD_LOGIN = ("M_UNKNOWN_TOKEN", "M_MISSING_TOKEN", "M_USER_DEACTIVATED")
"""Reasons of a PermanentError after which nothing will work any more."""

_MENDS = {
    "M_FORBIDDEN": "Invite the bot to the room and let it write there.",
    "M_TOO_LARGE": "Make it shorter, or raise the server's limit.",
    "M_NOT_FOUND": "It may have been removed.",
    "M_UNRECOGNIZED": "Check the homeserver's URL.",
}


def path(*parts: str, base: str = CLIENT) -> str:
    """A request path of quoted parts: no id that came from outside can change which request it is.

    Half a character (a lone surrogate) cannot be sent, and is asked for as a question mark."""
    return base + "".join("/" + quote(part, safe="", errors="replace") for part in parts)


class Socket:
    """One login. `user` is the bot's Matrix id and `name` its display name, both known after `ready`."""

    def __init__(self, instance: str, settings: Settings, data: Path) -> None:
        self.settings = settings
        self.user = settings.user
        self.name = ""
        self._instance = instance
        self._file = data / f"matrix-{instance}.json"
        self._login = asyncio.Lock()
        self._client = AsyncClient(
            settings.homeserver,
            settings.user,
            ssl=True,
            config=AsyncClientConfig(
                max_limit_exceeded=0, max_timeouts=0, request_timeout=settings.timeout
            ),
        )

    @property
    def device(self) -> str:
        """The id of this login's device, known after `ready`; empty for a token without one."""
        return self._client.device_id or ""

    async def ready(self) -> None:
        """Log in, or take the kept login up again. Raises TemporaryError, PermanentError."""
        async with self._login:
            if self._client.access_token:
                return
            try:
                await self._enter()
                profile = await self.request("GET", path("profile", self.user))
            except BaseException:
                self._client.access_token = ""
                raise
            self.name = str(profile.get("displayname") or "")

    async def close(self) -> None:
        """Close the connection; the login stays."""
        await self._client.close()

    async def request(
        self,
        method: str,
        where: str,
        body: Json | bytes | None = None,
        *,
        query: Mapping[str, str | int] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # aiohttp's own total, not a cancellation
        kind: str = "application/json",
    ) -> Json:
        """One request, its JSON answer. `timeout` in seconds, else that of the settings.

        Raises TemporaryError (unreachable, 429 with `after`, 5xx) or PermanentError; `reason` is the server's errcode."""
        data = io.BytesIO(body) if isinstance(body, bytes) else _encoded(body)
        headers = {"Content-Type": kind}
        if self._client.access_token:
            headers["Authorization"] = f"Bearer {self._client.access_token}"
        url = where + ("?" + urlencode(query, errors="replace") if query else "")
        try:
            response = await self._client.send(method, url, data, headers, timeout=timeout)
            return await self._answer(response)
        except (ClientError, TimeoutError, OSError) as error:
            raise self._unreachable() from error

    async def download(self, where: str, limit: int) -> bytes | None:
        """The bytes there; None when they are more than `limit`, which are never read whole. Raises as `request`.

        The token goes to the homeserver alone: where that sends elsewhere, nobody follows."""
        session = self._client.client_session
        assert session is not None, "`ready` has asked something"
        headers = {"Authorization": f"Bearer {self._client.access_token}"}
        pace = ClientTimeout(total=None, sock_connect=15, sock_read=self.settings.timeout)
        url = self.settings.homeserver + where
        try:
            async with session.get(
                url, headers=headers, allow_redirects=False, timeout=pace
            ) as answer:
                if 300 <= answer.status < 400:
                    raise self._elsewhere()
                if answer.status != 200:
                    await self._answer(answer)
                return await _body(answer, limit)
        except (ClientError, TimeoutError, OSError) as error:
            raise self._unreachable() from error

    def _elsewhere(self) -> PermanentError:
        what = f"The Matrix server {self.settings.homeserver} keeps the file elsewhere, where I do not follow."
        mend = "Let it hand files out itself."
        return PermanentError(what, mend, reason="redirects")

    async def _answer(self, response: ClientResponse) -> Json:
        async with response:
            raw = await response.read()
        answer = decoded(raw)
        if response.status < 300 and answer is not None:
            return answer
        answer = answer or {}
        if response.status == 429:
            raise self._busy(answer, response.headers.get("Retry-After"))
        if response.status >= 500 or response.status < 400:
            what = f"The Matrix server {self.settings.homeserver} answers {response.status}."
            raise TemporaryError(what, "Look at its log if this goes on.", reason="server")
        raise self._refused(response.status, answer)

    def _busy(self, answer: Json, header: str | None) -> TemporaryError:
        told = answer.get("retry_after_ms")
        after = told / 1000 if isinstance(told, int | float) else 5.0
        if header is not None and header.isdecimal() and told is None:
            after = float(header)
        what = "The Matrix server limits how fast the bot may write."
        mend = "Exempt the bot from its rate limits."
        return TemporaryError(what, mend, after=after, reason="rate_limited")

    def _refused(self, status: int, answer: Json) -> PermanentError:
        code = str(answer.get("errcode", f"HTTP_{status}"))
        if code in DEAD_LOGIN:
            return self._revoked(code)
        said = str(answer.get("error", status))[:200].rstrip(".")
        mend = _MENDS.get(code, "")
        return PermanentError(f"The Matrix server refuses: {said}.", mend, reason=code)

    def _revoked(self, code: str) -> LoginError:
        what = f"The Matrix server no longer accepts the login of {self.user}."
        if self.settings.token is not None:
            return LoginError(what, f"Put a new token in [chat.{self._instance}].", reason=code)
        mend = "Start the bot again: it logs in anew with its password."
        return LoginError(what, mend, reason=code)

    def _unreachable(self) -> TemporaryError:
        what = f"The Matrix server {self.settings.homeserver} does not answer."
        mend = "Check that it runs and can be reached from here."
        return TemporaryError(what, mend, reason="unreachable")

    async def _enter(self) -> None:
        if self.settings.token is not None:
            self._enter_as("", self.settings.token.get_secret_value())
            await self._identify()
        elif not await self._resume():
            await self._log_in()

    def _enter_as(self, device: str, token: str) -> None:
        # not nio's restore_login: where nio can encrypt, that opens a key store in the working folder
        self._client.user_id, self._client.device_id = self.user, device
        self._client.access_token = token

    async def _resume(self) -> bool:
        kept = _read(self._file)
        if kept.get("user") != self.user or kept.get("homeserver") != self.settings.homeserver:
            return False
        self._enter_as(str(kept["device"]), str(kept["token"]))
        try:
            await self._identify()
        except PermanentError as error:
            if error.reason not in DEAD_LOGIN:
                raise
            self._client.access_token = ""
            return False
        return True

    async def _identify(self) -> None:
        who = await self.request("GET", path("account", "whoami"))
        if who.get("user_id") != self.user:
            raise PermanentError(
                f"The token in [chat.{self._instance}] belongs to {who.get('user_id')}, not to {self.user}.",
                "Correct user or token.",
                reason="wrong_user",
            )
        self._client.device_id = str(who.get("device_id", ""))

    async def _log_in(self) -> None:
        """Log in with the password; a device that was kept goes on being the same one."""
        assert self.settings.password is not None, "settings have a password or a token"
        body = {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": self.user},
            "password": self.settings.password.get_secret_value(),
            "initial_device_display_name": self.settings.device_name,
        }
        if self._client.device_id:
            body["device_id"] = self._client.device_id
        try:
            answer = await self.request("POST", path("login"), body)
        except PermanentError as error:
            what = f"The Matrix server does not let {self.user} in ({error.reason})."
            mend = f"Correct user and password in [chat.{self._instance}]."
            raise PermanentError(what, mend, reason=error.reason) from error
        device, token = str(answer["device_id"]), str(answer["access_token"])
        self._enter_as(device, token)
        kept = {"homeserver": self.settings.homeserver, "user": self.user}
        write(self._file, kept | {"device": device, "token": token})


async def _body(answer: ClientResponse, limit: int) -> bytes | None:
    if (answer.content_length or 0) > limit:
        return None
    whole = bytearray()
    async for chunk in answer.content.iter_chunked(CHUNK):
        whole += chunk
        if len(whole) > limit:
            return None
    return bytes(whole)


def _encoded(body: Json | None) -> str | None:
    return None if body is None else json.dumps(body)


def kept(file: Path, make: Callable[[], Json]) -> Json:
    """What a file of the data folder holds; made and written first where there is none or it is broken."""
    found: Json | None = None
    with contextlib.suppress(FileNotFoundError):
        found = decoded(file.read_bytes())
    if found is None:
        found = make()
        write(file, found)
    return found


def _read(file: Path) -> Json:
    """The kept login; empty when there is none or it is broken, which a new login mends."""
    kept: Json | None = None
    with contextlib.suppress(FileNotFoundError):
        kept = decoded(file.read_bytes())
    return kept if kept and {"user", "device", "token"} <= kept.keys() else {}


def write(file: Path, kept: Json) -> None:
    """Readable by the bot's own user alone, and whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf8") as out:
        json.dump(kept, out)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)
