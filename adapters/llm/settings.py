"""What every provider is configured with, free of SDKs. Extended by `adapters.llm.*.settings`; read by `bot.config`."""

import re
from ipaddress import IPv6Address, ip_address
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)

_URL = re.compile(
    r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:/[A-Za-z0-9._~/-]*)?"
)
_HOME = (".local", ".internal", ".localhost")


def _url(text: str) -> str:
    if not _URL.fullmatch(text):
        raise ValueError(
            "is no URL: write one such as https://llm.example.org, without key or question mark"
        )
    try:
        port = urlsplit(text).port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError("has a port that does not exist: write one up to 65535")
    return text.rstrip("/")


Url = Annotated[str, AfterValidator(_url), Field(validate_default=True)]


class Settings(BaseModel):
    """`model` as the provider calls it; models end, so none is a default. `base_url` is where its server answers. `timeout`:
    seconds without a word until an answer is given up; a whole one may take four times as long. `local`: nothing that is said
    to it leaves the house; None for whether the host of `base_url` is loopback, private, *.local or *.internal. `tries`: how
    often a question is put to a service that is too busy or cannot be reached. `thoughts`: tokens that a model may think with,
    besides those of the answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]
    api_key: SecretStr | None = None
    local: bool | None = None
    base_url: Url
    timeout: Annotated[float, Field(gt=0, le=600)] = 20.0
    tries: Annotated[int, Field(ge=1, le=5)] = 3
    thoughts: Annotated[int, Field(ge=0, le=100_000)] = 8_000

    @field_validator("api_key")
    @classmethod
    def _is_a_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and not re.fullmatch(r"[\x21-\x7e]+", key.get_secret_value()):
            raise ValueError("holds characters that no key has")
        return key

    @field_validator("base_url")
    @classmethod
    def _is_sealed(cls, url: str, info: ValidationInfo) -> str:
        """A key does not go over a public network in the clear."""
        local = info.data.get("local")
        home = at_home(urlsplit(url).hostname or "") if local is None else local
        if info.data.get("api_key") is not None and url.startswith("http://") and not home:
            raise ValueError("would send the key in the clear: write https://, or local = true")
        return url

    @property
    def host(self) -> str:
        """The host of `base_url`, without its port."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def is_local(self) -> bool:
        """Whether nothing that is said to it leaves the house."""
        return at_home(self.host) if self.local is None else self.local


def at_home(host: str) -> bool:
    """Whether a host is this machine or one of a private network, by its name or address alone."""
    name = host.rstrip(".").casefold()
    try:
        address: Any = ip_address(name)
    except ValueError:
        return name == "localhost" or name.endswith(_HOME)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return bool(address.is_loopback or address.is_private or address.is_link_local)
