"""The local target. Opened by `bot.app` through `Local`; `bot.execution` calls `identity`, `perform`, `recall`, `close`.

`local:` runs as the bot's own user in the data folder; `local:ROOT` runs in bubblewrap with ROOT. A command ends with the
bot. Without bubblewrap a daemon may outlive the command that started it, once that command has ended by itself; inside
bubblewrap nothing does. What still holds a finished command's output is cut off from it.
"""

import asyncio
import os
import pwd
from pathlib import Path

from adapters.targets.local import files, sandbox
from adapters.targets.local.processes import Pipeline, Processes, exit_of, recall
from bot.model.errors import ConfigurationError
from bot.model.runs import Limits, Outcome
from bot.model.sections import Action, Exec, Write

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Local:
    """The factory: `(url, data)` to a target. `url` is `local:` or `local:ROOT` with an absolute ROOT."""

    def __call__(self, url: str, data: Path) -> "LocalTarget":
        """Raises ConfigurationError for a URL that is none of ours."""
        return LocalTarget(_root(url), Path(url.partition(":")[2]), data.resolve())

    def probe(self, url: str) -> str | None:
        """Why commands cannot run there, as a sentence with its mend; None when they can."""
        root = _root(url)
        return sandbox.probe(root, _search_path(root)) if root else None


def _root(url: str) -> Path | None:
    scheme, colon, rest = url.partition(":")
    if scheme != "local" or not colon or (rest and not rest.startswith("/")):
        raise ConfigurationError(
            f"{url!r} is not a local target.", "Write local: or local:/absolute/folder."
        )
    if not rest:
        return None
    root = Path(os.path.realpath(rest))
    if root == Path("/"):
        raise ConfigurationError(
            f"{url!r} would make the whole machine writable.", "Name a folder below /."
        )
    return root


def _search_path(root: Path | None) -> str:
    """The bot's own PATH, without entries that depend on the working folder or that a sandbox does not have."""
    given = os.environ.get("PATH", _PATH).split(":")
    entries = [
        entry
        for entry in given
        if entry.startswith("/") and (root is None or sandbox.shows(Path(entry), root))
    ]
    return ":".join(entries) or _PATH


class LocalTarget:
    """Implements `ports.Target` for this machine."""

    def __init__(self, root: Path | None, named: Path, data: Path) -> None:
        self._root = root
        self._named = named
        self._data = data
        self._path = _search_path(root)
        self._user = pwd.getpwuid(os.geteuid())
        self._processes = Processes()
        self._sound = False

    async def identity(self) -> str:
        """`local:ROOT as USER`."""
        self._processes.warm()
        return f"local:{self._root or ''} as {self._user.pw_name}"

    async def perform(self, action: Action, limits: Limits, attempt: str) -> Outcome:
        """As in `ports.Target`. Raises TemporaryError when it is not known whether the command ran."""
        if not attempt.isalnum():
            raise ValueError(f"an attempt's name is letters and digits, not {attempt!r}")
        refused = await self._refusal()
        if refused is not None:
            return Outcome(None, fault="refused", words=refused)
        if isinstance(action, Exec):
            return await self._execute(action, limits, attempt)
        if isinstance(action, Write):
            return await self._write(action, attempt)
        return Outcome(None, fault="refused", words="Only a person can do this.")

    async def recall(self, attempt: str) -> Outcome | None:
        """What is on record of an attempt whose bot was killed: its exit when it had ended and left a daemon, else None.
        After None nothing of it will be running any more."""
        exits = await asyncio.to_thread(recall, self._note(attempt))
        return None if exits is None else Outcome(exit_of(exits), exits=tuple(exits))

    async def close(self) -> None:
        await self._processes.close()

    @property
    def _cwd(self) -> Path:
        return self._root or self._data

    def _note(self, attempt: str) -> Path:
        return self._data / "left" / attempt

    async def _refusal(self) -> str | None:
        if self._root is None or self._sound:
            return None
        why = await asyncio.to_thread(sandbox.probe, self._root, self._path)
        self._sound = why is None
        return why

    async def _execute(self, action: Exec, limits: Limits, attempt: str) -> Outcome:
        for stage in action.stages:
            lacking = sandbox.missing(stage[0], self._root, self._path)
            if lacking is not None:
                return Outcome(None, fault="missing program", words=lacking)
        if any("\0" in word for stage in action.stages for word in stage):
            return Outcome(
                None,
                fault="refused",
                words="An argument holds a NUL byte, which no program can be given.",
            )
        return await self._processes.run(self._pipeline(action, attempt), limits)

    def _pipeline(self, action: Exec, attempt: str) -> Pipeline:
        home = str(self._root) if self._root else self._user.pw_dir
        env = {"PATH": self._path, "LANG": "C.UTF-8", "HOME": home}
        stages = action.stages
        if self._root:
            bwrap = _bwrap(self._path)
            stages = tuple(sandbox.wrap(stage, self._root, self._named, bwrap) for stage in stages)
        return Pipeline(stages, self._cwd, self._note(attempt), env, spares=self._root is not None)

    async def _write(self, action: Write, attempt: str) -> Outcome:
        task = asyncio.get_running_loop().run_in_executor(None, self._write_now, action, attempt)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task])  # a write is short and whole: let it come to its end first
            raise

    def _write_now(self, action: Write, attempt: str) -> Outcome:
        root = self._root or Path("/")
        try:
            content = action.content.encode()
            files.write(
                action.path, content, attempt, cwd=self._cwd, root=root, kept=self._data / "kept"
            )
        except files.OutsideError as error:
            return Outcome(None, fault="refused", words=str(error))
        except (OSError, ValueError) as error:
            return Outcome(
                None,
                fault="unwritable",
                words=f"{action.path} could not be written: {_cause(error)}. Nothing was changed.",
            )
        return Outcome(0, exits=(0,))


def _bwrap(path: str) -> str:
    return next(
        entry
        for entry in (f"{folder}/bwrap" for folder in path.split(":"))
        if os.access(entry, os.X_OK)
    )


def _cause(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
