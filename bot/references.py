"""Where the configuration points: paths relative to its file, and secrets that are kept elsewhere. Used by `bot.config` alone."""

import os
from pathlib import Path

from msgspec import Struct, field

from bot.model.errors import ConfigurationError


def absolute(base: Path, path: str) -> Path:
    """`path` as seen from the folder `base`. Raises ConfigurationError."""
    if "\0" in path:
        raise ConfigurationError(f"The path {path!r} holds a NUL character.", "Take it out.")
    try:
        return Path(os.path.normpath(base / Path(path).expanduser()))
    except RuntimeError as error:  # `~name` of nobody here
        raise ConfigurationError(
            f"The path {path!r} names the home of an unknown user.", "Write the whole path."
        ) from error


class Secrets(Struct):
    """Resolves references and remembers the values, so that they can be masked."""

    base: Path
    environment: dict[str, str]
    seen: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)

    def resolve(self, reference: str, place: str) -> str:
        """The secret behind `env:NAME` or `file:PATH`; `place` is the setting. Raises ConfigurationError."""
        kind, _, rest = reference.partition(":")
        if kind == "env" and rest:
            value = self.environment.get(rest)
            if not value:
                raise ConfigurationError(
                    f"{place}: the environment has no {rest}.", f"Set {rest} before the start."
                )
        elif kind == "file" and rest:
            value = self._read(rest, place)
        else:
            raise ConfigurationError(
                f"{place} holds a literal secret.", "Write env:NAME or file:PATH instead."
            )
        self.seen.append(value)
        return value

    def _read(self, name: str, place: str) -> str:
        path = absolute(self.base, name)
        try:
            value = path.read_text(encoding="utf8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"{place}: {name} cannot be read.", "Give a readable file."
            ) from error
        if not value:
            raise ConfigurationError(f"{place}: {name} is empty.", "Write the secret into it.")
        self.files.append(path)
        return value
