"""Whether a service answers, takes the key and knows the model, for `parley check`. Asks for its list of models, which costs nothing."""

import difflib
import re
from collections.abc import Mapping
from urllib.parse import quote

import httpx2

from adapters.llm.answer import rows
from adapters.llm.settings import Settings
from adapters.llm.stream import UnreadableError, parsed
from adapters.llm.wire import open_client

_PATIENCE = 15.0
_SHOWABLE = re.compile(r"[A-Za-z0-9._:/@+-]{1,80}")


async def look(
    name: str,
    settings: Settings,
    root: str,
    extra: Mapping[str, str],
    transport: httpx2.AsyncBaseTransport | None = None,
) -> str | None:
    """One sentence with the mend, or None. `root` is what stands before `/models`."""
    hasty = settings.model_copy(update={"timeout": min(settings.timeout, _PATIENCE)})
    async with open_client(hasty, extra, transport) as client:
        try:
            listed = await client.get(f"{root}/models")
            if listed.status_code in {404, 405}:
                return None  # a server without a list: the first question will tell
            if listed.status_code != 200:
                return _refused(name, settings, listed.status_code)
            known = _names(listed)
            if settings.model in known:
                return None
            one = await client.get(f"{root}/models/{quote(settings.model, safe='')}")
        except (httpx2.HTTPError, OSError):
            return (
                f"Nothing answers at {settings.base_url}. Start it, or mend [llm.{name}] base_url."
            )
    return None if one.status_code == 200 else _unknown(name, settings, known)


def _refused(name: str, settings: Settings, status: int) -> str:
    if status in {401, 403}:
        does = "is refused" if settings.api_key is not None else "is missing"
        return f"The key {does} ({status}). Mend [llm.{name}] api_key."
    return f"It answers {status}. Look at its log, or mend [llm.{name}] base_url."


def _unknown(name: str, settings: Settings, known: list[str]) -> str:
    near = difflib.get_close_matches(settings.model, known, 3, 0.4)
    there = [each for each in near or known[:3] if _SHOWABLE.fullmatch(each)]
    mend = f"Mend [llm.{name}] model"
    mend += f"; there is {', '.join(there)}." if there else "; the list of models is empty."
    return f"It knows no model {settings.model}. {mend}"


def _names(listed: httpx2.Response) -> list[str]:
    try:
        found = parsed(listed.text)
    except UnreadableError:
        return []
    models = rows(found, "data") if isinstance(found, dict) else []
    return [each["id"] for each in models if isinstance(each.get("id"), str)]
