"""The shape of parley.toml: every table, its defaults and units. Read by `bot.config` alone.

`deploy/example.toml` shows every setting of this module, and a test loads it.
"""

import difflib
import re
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd])")


def durations(text: str) -> timedelta:
    """A duration such as `20m`, `8h`, `1.5h`, `2d`. Raises ValueError."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError("is no duration: write a number and s, m, h or d, such as 20m")
    return timedelta(seconds=float(found[1]) * _UNITS[found[2]])


def _duration(text: str) -> str:
    durations(text)
    return text


Duration = Annotated[str, AfterValidator(_duration)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class Table(BaseModel):
    """A table of the configuration: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Bot(Table):
    """`[bot]`. `data`: folder of database, files and keys. `drain`: how long a stop waits for running commands.
    `late`: a request found older than this is asked about first. `timeout`: of one command. `operators`: INSTANCE:ROOM
    where it is said what could not be delivered elsewhere. `listen`: ADDRESS:PORT of `/metrics` and `/healthz`; by default
    there is none."""

    name: Name = "infra"
    data: str = "var"
    drain: Duration = "10m"
    late: Duration = "10m"
    timeout: Duration = "5m"
    operators: str = ""
    listen: Annotated[str, Field(pattern=r"^(?:(?:[^\s:/]+|\[[0-9A-Fa-f:.]+\]):\d{1,5})?$")] = ""


class StoreTable(Table):
    """`[store]`. `url`: sqlite:///PATH; by default parley.db in the data folder."""

    url: str | None = None


class BusTable(Table):
    """`[bus]`. `url`: `memory:`, wake-ups inside one process."""

    url: Annotated[str, Field(pattern="^memory:$")] = "memory:"


class CapabilitiesTable(Table):
    """`[capabilities]`. `paths`: folders of packs besides the built-in ones."""

    paths: tuple[str, ...] = ()


class Llm(BaseModel):
    """`[llm]`. `order`: planners to try; each but `offline` has a table `[llm.NAME]`, which is read by `bot.providers`.
    `local_only`: no provider whose server is not at home. What a person may spend in a day: `tokens_per_day`,
    `dollars_per_day`, and a channel `channel_dollars_per_day`; 0 is no limit. `prefer`: who of `order` is asked first. `private`: globs of words
    and hosts that are told to none outside."""

    model_config = ConfigDict(extra="allow", frozen=True)

    order: tuple[Name, ...] = ("offline",)
    local_only: bool = False
    tokens_per_day: Annotated[int, Field(ge=0)] = 2_000_000
    dollars_per_day: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 5.0
    channel_dollars_per_day: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 20.0
    prefer: Literal["order", "cost", "latency"] = "order"
    private: tuple[Annotated[str, Field(min_length=2)], ...] = ()


class RoleTable(Table):
    """`[roles.NAME]`. `prompt`: a Markdown file that tells a model what specialists of this role should know."""

    prompt: str = ""


class AgentTable(Table):
    """`[[agents]]`. `level`: ceiling of risk, 0 read, 1 low, 2 change, 3 destroy. `rooms`: empty for everywhere. `role`: what it
    is for: code, data, infra, research, qa or a word of the team's own."""

    name: Name
    target: str = "local:"
    packs: tuple[str, ...]
    level: Annotated[int, Field(ge=0, le=3)] = 0
    aliases: tuple[Name, ...] = ()
    labels: dict[str, str] = Field(default_factory=dict)
    vars: dict[str, str | int] = Field(default_factory=dict)
    rooms: tuple[str, ...] = ()
    role: Name | Literal[""] = ""


class PersonTable(BaseModel):
    """`[[people]]`. Besides `name` and `roles`, one key for each chat with that person's account there."""

    model_config = ConfigDict(extra="allow", frozen=True)
    name: Name
    roles: tuple[str, ...] = ()


class Approvals(Table):
    """`[approvals]`. `expires`: how long a plan waits for votes. `rooms`: each INSTANCE:ROOM that sees every plan that
    waits, besides the thread it was asked in."""

    expires: Duration = "8h"
    rooms: tuple[str, ...] = ()


class File(Table):
    """The whole of parley.toml."""

    bot: Bot = Bot()
    store: StoreTable = StoreTable()
    bus: BusTable = BusTable()
    capabilities: CapabilitiesTable = CapabilitiesTable()
    llm: Llm = Llm()
    chat: dict[Name, dict[str, Any]] = Field(default_factory=dict)
    agents: tuple[AgentTable, ...] = ()
    roles: dict[Name, RoleTable] = Field(default_factory=dict)
    people: tuple[PersonTable, ...] = ()
    approvals: Approvals = Approvals()
    speech: dict[str, Any] = Field(default_factory=dict)


def sentence(error: ValidationError, model: type[BaseModel], place: str) -> str:
    """The first fault of a validation as one sentence with the mend; an unknown key names the nearest known one."""
    faults = error.errors()
    # A misspelt key is often why another one is missing.
    fault = next((each for each in faults if each["type"] == "extra_forbidden"), faults[0])
    where = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        known = _known(model, fault["loc"][:-1])
        near = difflib.get_close_matches(str(fault["loc"][-1]), known, 1, 0.5)
        mend = f"Did you mean {near[0]!r}?" if near else f"Known here: {', '.join(sorted(known))}."
        return f"{place}: unknown key {where!r}. {mend}"
    if fault["type"] == "missing":
        return f"{place}: {where!r} is missing. Add it."
    reason = fault["msg"].removeprefix("Value error, ")
    return f"{place}: {where!r} {reason[:1].lower()}{reason[1:]}. Mend that value."


def _known(model: Any, path: tuple[int | str, ...]) -> list[str]:
    """The keys that may stand at `path` below `model`."""
    for part in path:
        if isinstance(part, int):
            continue
        annotation = model.model_fields[part].annotation
        arguments = [
            each for each in getattr(annotation, "__args__", ()) if hasattr(each, "model_fields")
        ]
        model = arguments[0] if arguments else annotation
    return list(model.model_fields)
