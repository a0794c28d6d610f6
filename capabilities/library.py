"""The capabilities in force: built-in packs, configured folders, hot reload. Implements the `Catalogue` port.

Wired in `bot.app`, read by the planner and the command line. What is in force is one immutable `Snapshot`, swapped
whole: a reader never sees half a reload. Problems are values, kept beside it.
"""

from collections.abc import Sequence
from functools import cached_property
from importlib import resources
from pathlib import Path

from msgspec import Struct, field

from bot.model.ports import Hit
from bot.model.sections import Section
from capabilities.disk import PackFile, Stamp, find
from capabilities.pages import Page, Pages
from capabilities.problems import Problem
from capabilities.search import Index

KEPT = "The last good version stays in force."


def built_in() -> Path:
    """The folder of the packs that come with the bot."""
    return Path(str(resources.files("capabilities").joinpath("packs")))


class Snapshot(Struct, frozen=True, dict=True):
    """Everything in force at one moment. `index` is built at the first search and kept."""

    by_id: dict[str, Section] = field(default_factory=dict)
    packs: dict[str, tuple[Section, ...]] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @cached_property
    def index(self) -> Index:
        return Index(tuple(self.by_id.values()))


class _Loaded(Struct, frozen=True):
    """One file as last read: its stamp, the page in force, and what is wrong with the newest version."""

    stamp: Stamp
    page: Page | None
    problems: tuple[Problem, ...]


class Library:
    """Loads once when made, then only on `reload`. `paths` are the configured folders, `own` replaces the built-in packs;
    `kept` is the file in which compiled pages wait for the next start."""

    def __init__(
        self, paths: Sequence[Path] = (), *, own: Path | None = None, kept: Path | None = None
    ) -> None:
        self._roots = (own or built_in(), *paths)
        self._pages = Pages(kept)
        self._files: dict[Path, _Loaded] = {}
        self._snapshot = Snapshot()
        self._roots_wrong: tuple[Problem, ...] = ()
        self._newest: tuple[tuple[str, ...], tuple[Section, ...]] = (), ()
        self._load()
        self._pages.keep()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything wrong with the files as they are now, errors and warnings."""
        return self._snapshot.problems

    @property
    def packs(self) -> dict[str, str]:
        """Pack names and their descriptions."""
        return dict(self._snapshot.descriptions)

    def section(self, id: str) -> Section | None:
        return self._snapshot.by_id.get(id)

    def sections(self, packs: Sequence[str] | None = None) -> Sequence[Section]:
        """All sections, or those of some packs, in the order of their files."""
        if packs is None:
            return tuple(self._snapshot.by_id.values())
        if len(packs) == 1:  # with every request that nothing fits, and there may be thousands
            return self._snapshot.packs.get(packs[0], ())
        asked, found = self._newest
        if packs is not asked:
            of = self._snapshot.packs
            found = tuple(section for pack in packs for section in of.get(pack, ()))
            if isinstance(packs, tuple):  # an agent's, asked for with every request
                self._newest = packs, found
        return found

    def search(self, query: str, limit: int = 8, packs: Sequence[str] | None = None) -> list[Hit]:
        return self._snapshot.index.search(query, limit, packs)

    def reload(self) -> bool:
        """Read again what changed on disk (by time, size and inode); true when what is in force or wrong changed.

        What broke keeps its last good version. Never raises for what a file holds.
        """
        self._pages.ready()
        return self._load()

    def _load(self) -> bool:
        found, wrong = find(self._roots)
        stamps = {file.path: file.stamp for file in found}
        if (
            stamps == {path: loaded.stamp for path, loaded in self._files.items()}
            and wrong == self._roots_wrong
        ):
            return False
        files = {file.path: self._file(file) for file in found}
        snapshot = _snapshot(files, wrong)
        if "index" in vars(self._snapshot):
            _ = snapshot.index  # searched before: built here, where nobody waits for it
        self._files, self._roots_wrong, self._snapshot = files, wrong, snapshot
        self._newest = (), ()
        return True

    def _file(self, file: PackFile) -> _Loaded:
        before = self._files.get(file.path)
        if before is not None and before.stamp == file.stamp:
            return before
        page, problems = self._compiled(file)
        if before is None or before.page is None:
            return _Loaded(file.stamp, page, problems)
        if page is None:
            return _Loaded(file.stamp, before.page, (*problems, _kept(file, "the whole file")))
        return _patched(file, before.page, page, problems)

    def _compiled(self, file: PackFile) -> tuple[Page | None, tuple[Problem, ...]]:
        try:
            found = self._pages.compiled(file)
        except OSError as error:
            what = f"The file is left out: It cannot be read: {error.strerror}."
            return None, (Problem(str(file.path), 1, what, "Check its rights."),)
        return found.page, found.problems


def _kept(file: PackFile, what: str) -> Problem:
    return Problem(str(file.path), 1, f"{KEPT} ({what})", "Mend the file.", "warning")


def _patched(file: PackFile, before: Page, page: Page, problems: tuple[Problem, ...]) -> _Loaded:
    """The new page with the last good version of each section that broke."""
    kept = [section for section in before.sections if section.id in page.broken]
    if not kept:
        return _Loaded(file.stamp, page, problems)
    notes = tuple(_kept(file, section.id) for section in kept)
    merged = Page(page.pack, page.description, (*page.sections, *kept), page.problems, page.broken)
    return _Loaded(file.stamp, merged, (*problems, *notes))


def _snapshot(files: dict[Path, _Loaded], wrong: tuple[Problem, ...]) -> Snapshot:
    by_id: dict[str, Section] = {}
    packs: dict[str, tuple[Section, ...]] = {}
    descriptions: dict[str, str] = {}
    origin: dict[str, Path] = {}
    problems = list(wrong)
    for path, loaded in files.items():
        problems.extend(loaded.problems)
        if loaded.page is None:
            continue
        pack = loaded.page.pack
        if pack in packs:
            what = f"The pack {pack!r} is there already, in {origin[pack]}; this one is left out."
            problems.append(Problem(str(path), 1, what, "Rename one of them."))
            continue
        origin[pack], packs[pack], descriptions[pack] = (
            path,
            loaded.page.sections,
            loaded.page.description,
        )
        by_id.update((section.id, section) for section in loaded.page.sections)
    return Snapshot(by_id, packs, descriptions, tuple(problems))
