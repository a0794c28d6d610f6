"""What one start compiled is there at the next: the same pages, and compiled anew whenever anything could make a difference."""

import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import msgpack
from msgspec.structs import replace

from bot.model.plans import Agent, Step
from bot.model.sections import Exec, ExecTemplate, Piece, Refusal, Section, Word
from capabilities.guard import StepGuard
from capabilities.library import Library, built_in
from capabilities.pages import Compiled, Kept
from capabilities.render import SectionRenderer
from tests.capabilities.test_library import pack, write

READERS = ("markdown_it", "yaml", "tree_sitter", "capabilities.compile")
LOADED = """
import sys
from pathlib import Path
from capabilities.library import Library
library = Library(own=Path(sys.argv[1]), kept=Path(sys.argv[2]))
print(*(name for name in sys.argv[3:] if name in sys.modules))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A pack, a page with a broken section, and a file that is left out."""
    folder = tmp_path / "packs"
    folder.mkdir()
    pack(folder, "good")
    pack(folder, "half", word="; rm")
    (folder / "bytes.md").write_bytes(b"## How to \xff")
    return folder


def readers(folder: Path, kept: Path) -> list[str]:
    """What a start of its own has imported to read those packs."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, folder, kept, *READERS],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.split()


def told(library: Library) -> list[str]:
    return [str(problem) for problem in library.problems]


def same(one: Library, other: Library) -> bool:
    return list(one.sections()) == list(other.sections()) and told(one) == told(other)


def test_a_second_start_compiles_nothing_and_knows_the_same(folder: Path, tmp_path: Path) -> None:
    kept = tmp_path / "pages"
    assert readers(folder, kept) == list(READERS)
    assert readers(folder, kept) == []
    again = Library(own=folder, kept=kept)
    assert same(again, Library(own=folder))
    assert len(told(again)) == 2
    assert kept.stat().st_mode & 0o777 == 0o600


def test_the_packs_that_come_with_it_are_the_same_from_there(tmp_path: Path) -> None:
    Library(kept=tmp_path / "pages")
    assert same(Library(kept=tmp_path / "pages"), Library(own=built_in()))


def test_what_changed_is_compiled_and_what_is_gone_is_forgotten(
    folder: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "pages"
    Library(own=folder, kept=kept)
    pack(folder, "good", word="/srv")
    (folder / "bytes.md").unlink()
    assert readers(folder, kept) == list(READERS)
    again = Library(own=folder, kept=kept)
    assert same(again, Library(own=folder))
    assert len(msgpack.decode(kept.read_bytes(), type=Kept).pages) == 2


def test_a_page_elsewhere_is_another_page(folder: Path, tmp_path: Path) -> None:
    kept = tmp_path / "pages"
    Library(own=folder, kept=kept)
    moved = folder.rename(tmp_path / "moved")
    assert same(Library(own=moved, kept=kept), Library(own=moved))


@pytest.mark.parametrize("end", [0, 1, 100, -1])
def test_a_damaged_file_is_as_good_as_none(folder: Path, tmp_path: Path, end: int) -> None:
    kept = tmp_path / "pages"
    Library(own=folder, kept=kept)
    whole = kept.read_bytes()
    kept.write_bytes(whole[:end])
    assert same(Library(own=folder, kept=kept), Library(own=folder))
    assert kept.read_bytes() == whole


def test_pages_of_another_compiler_are_not_taken(folder: Path, tmp_path: Path) -> None:
    kept = tmp_path / "pages"
    Library(own=folder, kept=kept)
    before = msgpack.decode(kept.read_bytes(), type=Kept)
    empty = {key: Compiled(None) for key in before.pages}
    kept.write_bytes(msgpack.encode(replace(before, pages=empty)))
    assert not Library(own=folder, kept=kept).sections()
    kept.write_bytes(msgpack.encode(Kept("another", empty)))
    assert same(Library(own=folder, kept=kept), Library(own=folder))


def test_where_nothing_can_be_kept_everything_is_compiled(folder: Path, tmp_path: Path) -> None:
    assert same(Library(own=folder, kept=tmp_path / "none" / "pages"), Library(own=folder))


def test_a_reload_reads_the_files(folder: Path, tmp_path: Path) -> None:
    library = Library(own=folder, kept=tmp_path / "pages")
    pack(folder, "good", word="/srv")
    write(folder / "new.md", "## How to see\n```bash\nls\n```\n")
    assert library.reload()
    assert list(library.sections()) == list(Library(own=folder).sections())


def test_a_kept_section_that_somebody_changed_never_runs(folder: Path, tmp_path: Path) -> None:
    kept = tmp_path / "pages"
    agent = Agent("here", "ssh://u@host:22", ("good",), level=3)
    honest = Library(own=folder, kept=kept).section("good/look")
    assert honest is not None
    assert StepGuard().check(_step(honest, agent)) is None
    pages = msgpack.decode(kept.read_bytes(), type=Kept)
    forged = {key: _forged(found) for key, found in pages.pages.items()}
    kept.write_bytes(msgpack.encode(replace(pages, pages=forged)))
    section = Library(own=folder, kept=kept).section("good/look")
    assert section is not None
    step = _step(section, agent)
    assert step.actions == (Exec((("touch", "/marker"),)),)
    refusal = StepGuard().check(step)
    assert refusal is not None
    assert refusal.rule == "section hash"


def _forged(found: Compiled) -> Compiled:
    if found.page is None:
        return found
    body = (ExecTemplate(((Word((Piece("touch"),)), Word((Piece("/marker"),))),)),)
    sections = tuple(replace(section, body=body) for section in found.page.sections)
    return replace(found, page=replace(found.page, sections=sections))


def _step(section: Section, agent: Agent) -> Step:
    result = SectionRenderer().render(section, {}, agent)
    assert not isinstance(result, Refusal), result
    values, rendered = result
    return Step("1", agent, "here", section, values, rendered.actions)
