"""What one start compiled is there at the next: the same pages, and compiled anew whenever anything could make a difference."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import msgpack

import capabilities
from capabilities.library import Library, built_in
from tests.capabilities.test_library import pack, write

READERS = ("markdown_it", "yaml", "tree_sitter", "capabilities.compile")
LOADED = """
import sys
from pathlib import Path
from capabilities.library import Library
library = Library(own=Path(sys.argv[1]), kept=Path(sys.argv[2]))
if sys.argv[3] == "reload":
    library.reload()
print(*(name for name in sys.argv[3:] if name in sys.modules))
"""


REPLACED = """
import sys
from pathlib import Path
from capabilities.disk import find
from capabilities.pages import Pages
pages = Pages(Path(sys.argv[2]))
for file in find([Path(sys.argv[1])])[0]:
    pages.compiled(file)
if len(sys.argv) > 3:
    installed = Path(sys.argv[3], "capabilities", "holes.py")
    installed.write_text(installed.read_text() + "# the next version")
pages.keep()
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


def readers(folder: Path, kept: Path, other: Path | None = None, first: str = "") -> list[str]:
    """What a start of its own has imported to read those packs; with the packages in `other` before all others."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, folder, kept, first, *READERS],
        env={**os.environ, "PYTHONPATH": str(other or "")},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.split()


def pages(kept: Path) -> dict[str, bytes]:
    return msgpack.decode(kept.read_bytes()[32:], type=dict[str, bytes])


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


def test_what_compiles_is_there_before_it_can_be_replaced(folder: Path, tmp_path: Path) -> None:
    kept = tmp_path / "pages"
    assert readers(folder, kept) == list(READERS)
    assert readers(folder, kept, first="reload") == list(READERS)


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
    assert len(pages(kept)) == 2


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


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_byte_of_it_can_rot_unseen(folder: Path, tmp_path: Path, data: st.DataObject) -> None:
    kept = tmp_path / "pages"
    Library(own=folder, kept=kept)
    whole = bytearray(kept.read_bytes())
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    kept.write_bytes(whole)
    assert same(Library(own=folder, kept=kept), Library(own=folder))


def test_pages_of_another_compiler_are_not_taken(folder: Path, tmp_path: Path) -> None:
    other, kept = tmp_path / "other", tmp_path / "pages"
    shutil.copytree(Path(capabilities.__file__).parent, other / "capabilities")
    changed = other / "capabilities" / "holes.py"
    changed.write_text(changed.read_text() + "# another version\n")
    assert readers(folder, kept, other) == list(READERS)
    before = kept.read_bytes()
    assert readers(folder, kept, other) == []
    assert readers(folder, kept) == list(READERS)
    assert kept.read_bytes() != before


@pytest.mark.parametrize("during", [False, True])
def test_nothing_is_kept_of_a_start_during_which_another_version_was_installed(
    folder: Path, tmp_path: Path, *, during: bool
) -> None:
    other, kept = tmp_path / "other", tmp_path / "pages"
    shutil.copytree(Path(capabilities.__file__).parent, other / "capabilities")
    subprocess.run(
        [sys.executable, "-c", REPLACED, folder, kept, *([other] if during else [])],
        env={**os.environ, "PYTHONPATH": str(other)},
        cwd=folder,
        timeout=60,
        check=True,
    )
    assert kept.exists() is not during


def test_what_cannot_be_kept_is_compiled_each_time(folder: Path, tmp_path: Path) -> None:
    kept = tmp_path / "pages"
    half = '---\nname: odd\ndescription: "Rockets \\ud83d."\n---\n## How to fly\n```bash\nls\n```\n'
    write(folder / "odd" / "SKILL.md", half)
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.md")).write_text(
        "## How to see\n```bash\nls\n```\n"
    )
    for _ in range(2):
        library = Library(own=folder, kept=kept)
        assert {"odd/fly", "section/see", "good/look"} <= {each.id for each in library.sections()}
        assert same(library, Library(own=folder))
    assert len(pages(kept)) == 3


def test_where_nothing_can_be_kept_everything_is_compiled(folder: Path, tmp_path: Path) -> None:
    assert same(Library(own=folder, kept=tmp_path / "none" / "pages"), Library(own=folder))


def test_a_reload_reads_the_files(folder: Path, tmp_path: Path) -> None:
    library = Library(own=folder, kept=tmp_path / "pages")
    pack(folder, "good", word="/srv")
    write(folder / "new.md", "## How to see\n```bash\nls\n```\n")
    assert library.reload()
    assert list(library.sections()) == list(Library(own=folder).sections())
