"""`[chat.NAME]` of kind matrix. Read by `bot.config`; free of nio, which `load` alone brings in."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from bot.model.errors import ParleyError
from bot.plugins import Plugin


class Settings(BaseModel):
    """One account on one homeserver. Give either `password` or `token`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    homeserver: str = Field(
        pattern=r"^https?://[^\s/]+(/\S*)?$",
        description="URL of the server's client API, such as https://matrix.example.org.",
    )
    user: str = Field(
        pattern=r"^@[^\s:]+:\S+$",
        description="The bot's whole Matrix id, such as @infra:example.org.",
    )
    password: SecretStr | None = Field(
        default=None,
        description="Reference to the password. Used once; the login is kept in the data folder.",
    )
    token: SecretStr | None = Field(
        default=None, description="Reference to an access token, instead of a password."
    )
    device_name: str = Field(
        default="Parley", description="What the login is called in the account's list of sessions."
    )
    invites: Literal["all", "known"] = Field(
        default="all",
        description="Whose invitations are followed: everybody's, or those of `inviters` alone.",
    )
    inviters: tuple[str, ...] = Field(
        default=(),
        description="With invites = known: Matrix ids, or :example.org for all of a server.",
    )
    trust: Literal["first_use", "known"] = Field(
        default="first_use",
        description="Whose devices read what the bot says in encrypted rooms: every device of the room's members (its "
        "first keys count from then on), or those of `trusted` alone. Reactions are never encrypted on Matrix.",
    )
    trusted: dict[str, tuple[str, ...]] = Field(
        default={},
        description="With trust = known: ids (or Ed25519 fingerprints) of devices by Matrix id.",
    )
    poll: float = Field(
        default=30.0, gt=0, le=300, description="Seconds that one question for news may stay open."
    )
    timeout: float = Field(
        default=20.0, gt=0, le=300, description="Seconds until any other request is given up."
    )

    @field_validator("homeserver")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.password is None) == (self.token is None):
            raise ValueError("give either password or token")
        if self.invites == "known" and not self.inviters:
            raise ValueError('invites = "known" needs inviters, such as [":example.org"]')
        if self.trust == "known" and not self.trusted:
            raise ValueError(
                'trust = "known" needs trusted, such as {"@alice:example.org" = ["DEVICEID"]}'
            )
        return self

    def trusts(self, user: str, device: str, fingerprint: str) -> bool:
        """Whether this device may read the bot's messages in encrypted rooms."""
        named = self.trusted.get(user, ())
        return self.trust == "first_use" or device in named or fingerprint in named

    def welcomes(self, inviter: str) -> bool:
        """Whether an invitation by this Matrix id is followed."""
        server = ":" + inviter.partition(":")[2]
        return self.invites == "all" or inviter in self.inviters or server in self.inviters


def load() -> Callable[..., Any]:
    """The factory `(instance, settings, name, data, clock) -> Chat`."""
    # nio takes 0.7 s to import: only who uses Matrix pays for it
    from adapters.chat.matrix.adapter import Matrix

    return Matrix


async def probe(settings: Settings, instance: str, data: Path) -> str | None:
    """Log in, or take the kept login up again: what is wrong, with the mend, or None."""
    from adapters.chat.matrix.socket import Socket  # as above

    socket = Socket(instance, settings, data)
    try:
        await socket.ready()
    except ParleyError as error:
        return str(error)
    finally:
        await socket.close()
    return None


PLUGIN = Plugin("matrix", Settings, load, probe)
