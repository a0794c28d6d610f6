"""Configuration: the only reader of files and environment. `bot.cli` calls `load`, `bot.app` wires what it returns.

Unknown keys are errors that name the nearest known key; secrets are references (`env:NAME`, `file:PATH`) and are
resolved here, once; relative paths are relative to the configuration file.
"""

import difflib
import getpass
import os
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from pydantic import SecretStr, ValidationError

from bot import roles
from bot.model.errors import ConfigurationError
from bot.model.people import Account, Conversation, Person
from bot.model.plans import Agent
from bot.model.roles import Role
from bot.places import place, places
from bot.plugins import Plugin, find
from bot.providers import LlmConfiguration, configured
from bot.references import Secrets, absolute
from bot.settings import File, durations, sentence

_SQLITE = "sqlite:///"


class ChatConfiguration(Struct, frozen=True):
    """One `[chat.NAME]` table: its adapter, and the adapter's own settings, already validated."""

    instance: str
    plugin: Plugin
    settings: Any


class SpeechConfiguration(Struct, frozen=True):
    """The `[speech]` table: its adapter, and the adapter's own settings, already validated."""

    plugin: Plugin
    settings: Any


class Configuration(Struct, frozen=True):
    """Everything that was decided before the start. Paths are absolute; `secrets` are values to be masked everywhere."""

    source: Path | None
    name: str
    data: Path
    store_url: str
    pack_paths: tuple[Path, ...]
    agents: tuple[Agent, ...]
    people: tuple[Person, ...]
    chats: tuple[ChatConfiguration, ...]
    impersonate: bool
    expires: timedelta
    drain: timedelta
    late: timedelta
    timeout: timedelta
    secrets: tuple[str, ...] = ()
    secret_files: tuple[Path, ...] = ()
    approval_rooms: tuple[Conversation, ...] = ()
    operators: Conversation | None = None
    listen: str = ""
    speech: SpeechConfiguration | None = None
    llm: LlmConfiguration = field(default_factory=LlmConfiguration)
    roles: tuple[Role, ...] = ()
    role_files: tuple[Path, ...] = ()

    def __repr__(self) -> str:
        return f"Configuration({str(self.source)!r})"  # the secrets are nobody's to read

    @property
    def key_folder(self) -> Path:
        return self.data / "keys"

    @property
    def heads(self) -> Path:
        """Where the heads of the sealed audit log are written besides the database."""
        return self.data / "audit-heads.log"

    @property
    def floor(self) -> tuple[Path, ...]:
        """What no plan may write: the bot's own configuration, data, keys, packs, the files its secrets are in,
        and those that say what roles are for."""
        own = (self.source,) if self.source else ()
        # Beside the database SQLite keeps two files that belong to it.
        store = self.store_url.removeprefix(_SQLITE)
        database = tuple(Path(f"{store}{end}") for end in ("", "-wal", "-shm", "-journal"))
        return (
            *own, self.data, self.key_folder, *self.pack_paths, *database, *self.secret_files,
            *self.role_files,
        )  # fmt: skip


def load(path: Path | None, environment: dict[str, str] | None = None) -> Configuration:
    """Read `path`, or ./parley.toml if there is one, or the defaults. Raises ConfigurationError with one sentence."""
    source = path or (Path("parley.toml") if Path("parley.toml").exists() else None)
    if source is None:
        return build({}, None, Path.cwd(), environment)
    try:
        table = tomllib.loads(source.read_text(encoding="utf8"))
    except OSError as error:
        raise ConfigurationError(
            f"{source} cannot be read: {error.strerror}.", "Give a readable file with -c."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{source} is not UTF-8.", "Save it as UTF-8.") from error
    except RecursionError as error:
        raise ConfigurationError(
            f"{source} is nested too deeply to be read.", "Write it flat."
        ) from error
    except ValueError as error:  # TOMLDecodeError, and numbers that Python refuses to read
        raise ConfigurationError(f"{source} is not TOML: {error}.", "Mend that line.") from error
    return build(table, source.resolve(), source.resolve().parent, environment)


def build(
    table: dict[str, Any],
    source: Path | None,
    base: Path,
    environment: dict[str, str] | None = None,
) -> Configuration:
    """A configuration from its table. Raises ConfigurationError."""
    secrets = Secrets(base, dict(os.environ) if environment is None else environment)
    file = _file(table, str(source or "The configuration"))
    bot, data = file.bot, absolute(base, file.bot.data)
    chats = tuple(
        _chat(instance, dict(settings), secrets) for instance, settings in file.chat.items()
    )
    speech = _speech(dict(file.speech), secrets)
    llm = configured(file.llm, lambda plugin, table, at: _own(plugin, table, at, secrets))
    return Configuration(
        source=source,
        name=bot.name,
        data=data,
        store_url=_store_url(file.store.url, base, data),
        pack_paths=tuple(absolute(base, each) for each in file.capabilities.paths),
        agents=_agents(file, base),
        people=_people(file, source is None),
        chats=chats,
        impersonate=_impersonate(chats),
        expires=durations(file.approvals.expires),
        drain=durations(bot.drain),
        late=durations(bot.late),
        timeout=durations(bot.timeout),
        secrets=tuple(secrets.seen),
        secret_files=tuple(secrets.files),
        approval_rooms=places(file.approvals.rooms, file.chat, "[approvals] rooms"),
        operators=place(bot.operators, file.chat, "[bot] operators") if bot.operators else None,
        listen=bot.listen,
        speech=speech,
        llm=llm,
        roles=roles.roles(file.roles, file.agents, base),
        role_files=roles.files(file.roles, base),
    )


def _file(table: dict[str, Any], name: str) -> File:
    try:
        return File.model_validate(table)
    except OverflowError as error:
        raise ConfigurationError(
            f"{name} holds a duration that is too long.", "Write a shorter one, such as 30d."
        ) from error
    except ValidationError as error:
        raise ConfigurationError(sentence(error, File, name)) from error


def _store_url(url: str | None, base: Path, data: Path) -> str:
    if url is None:
        return f"{_SQLITE}{data / 'parley.db'}"
    if not url.startswith(_SQLITE):
        raise ConfigurationError(
            f"[store] url {url.split('://')[0]!r} is not supported by this version.",
            "Use sqlite:///PATH.",
        )
    return f"{_SQLITE}{absolute(base, url.removeprefix(_SQLITE))}"


def _agents(file: File, base: Path) -> tuple[Agent, ...]:
    if not file.agents:
        return (
            Agent(
                name="here", target="local:", packs=("linux-facts",), level=0, aliases=("local",)
            ),
        )
    names = [agent.name.casefold() for agent in file.agents]
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(
                f"Two agents are named {name!r}.", "Give each [[agents]] its own name."
            )
    return tuple(
        Agent(
            name=agent.name,
            target=_target(agent.target, base),
            packs=tuple(agent.packs),
            level=agent.level,
            aliases=tuple(agent.aliases),
            labels=dict(agent.labels),
            vars={name: str(value) for name, value in agent.vars.items()},
            rooms=tuple(agent.rooms),
        )
        for agent in file.agents
    )


def _target(url: str, base: Path) -> str:
    scheme, _, rest = url.partition(":")
    find("targets", scheme)  # an unknown kind of target is an error now, not at the first request
    return f"local:{absolute(base, rest)}" if scheme == "local" and rest else url


def _people(file: File, alone: bool) -> tuple[Person, ...]:
    if not file.people and alone:
        name = getpass.getuser()
        return (Person(name, ("operator",), (Account("console", name),)),)
    people = []
    for person in file.people:
        extra = person.model_extra or {}
        for key in extra.keys() - file.chat.keys():
            near = difflib.get_close_matches(key, ("name", "roles"), 1)
            if near:
                raise ConfigurationError(
                    f"[[people]] {person.name}: unknown key {key!r}.", f"Did you mean {near[0]!r}?"
                )
        accounts = tuple(Account(instance, str(user)) for instance, user in extra.items())
        if not any(account.instance == "console" for account in accounts):
            accounts = (*accounts, Account("console", person.name))
        people.append(Person(person.name, tuple(person.roles), accounts))
    _nobody_twice(people)
    return tuple(people)


def _nobody_twice(people: list[Person]) -> None:
    names = [person.name for person in people]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigurationError(
            f"Two [[people]] are called {twice!r}.", "Give each person one table and one name."
        )
    seen: dict[Account, str] = {}
    for person in people:
        for account in person.accounts:
            other = seen.setdefault(account, person.name)
            if other != person.name:
                raise ConfigurationError(
                    f"{account.instance} account {account.user!r} belongs to {other} and {person.name}.",
                    "An account is one person's.",
                )


def _chat(instance: str, table: dict[str, Any], secrets: Secrets) -> ChatConfiguration:
    plugin = find("chat", str(table.pop("kind", instance)))
    return ChatConfiguration(instance, plugin, _own(plugin, table, f"[chat.{instance}]", secrets))


def _speech(table: dict[str, Any], secrets: Secrets) -> SpeechConfiguration | None:
    if not table:
        return None
    plugin = find("speech", str(table.pop("kind", "openai")))
    return SpeechConfiguration(plugin, _own(plugin, table, "[speech]", secrets))


def _own(plugin: Plugin, table: dict[str, Any], place: str, secrets: Secrets) -> Any:
    """An adapter's own settings, with its secrets. Raises ConfigurationError."""
    for name, described in plugin.settings.model_fields.items():
        if name in table and "SecretStr" in str(described.annotation):
            table[name] = SecretStr(secrets.resolve(str(table[name]), f"{place} {name}"))
    try:
        return plugin.settings.model_validate(table)
    except ValidationError as error:
        raise ConfigurationError(sentence(error, plugin.settings, place)) from error


def _impersonate(chats: tuple[ChatConfiguration, ...]) -> bool:
    """`--as` and "as" are for trying things out: allowed by default only where there is no other chat."""
    consoles = [chat for chat in chats if chat.plugin.name == "console"]
    said = consoles[0].settings.impersonate if consoles else None
    return len(consoles) == len(chats) if said is None else bool(said)
