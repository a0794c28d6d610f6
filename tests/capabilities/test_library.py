"""The library over real folders: what loads, what is left out and said, and what a reload does."""

import os
from pathlib import Path

import pytest

from capabilities.library import Library, built_in
from capabilities.lint import lint

SKILL = '---\nname: {name}\ndescription: "What and when."\n---\n\n## Aliases\n- thing\n\n## How to look\n```bash\nls {word}\n```\n\n## How to count\n```bash\nwc -l /x\n```\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "packs").mkdir()
    return tmp_path / "packs"


def write(path: Path, text: str) -> None:
    """Write with a new inode, as editors do: a change is seen whatever the clock's grain."""
    path.parent.mkdir(exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    os.replace(fresh, path)


def pack(folder: Path, name: str, *, word: str = "-1", called: str = "") -> None:
    write(folder / name / "SKILL.md", SKILL.format(name=called or name, word=word))


def ids(library: Library) -> list[str]:
    return [section.id for section in library.sections()]


def test_folders_and_bare_files(folder: Path) -> None:
    pack(folder, "one")
    write(folder / "two.md", "## How to see\n```bash\nls\n```\n")
    write(folder / "README.md", "# No pack at all\n")
    (folder / "one" / "notes.md").write_text("## How to hide\n```bash\nls\n```\n")
    library = Library(own=folder)
    assert ids(library) == ["one/look", "one/count", "two/see"]
    assert not library.problems
    assert [section.id for section in library.sections(["two"])] == ["two/see"]
    found = library.section("one/look")
    assert found is not None
    assert found.pack_aliases == ("thing",)
    assert library.section("one/none") is None
    assert library.packs == {"one": "What and when.", "two": ""}
    assert library.search("look", 3)[0].id == "one/look"


def test_broken_ones_are_left_out_and_named(folder: Path) -> None:
    pack(folder, "good")
    pack(folder, "half", word="; rm")
    pack(folder, "other", called="misnamed")
    (folder / "bytes.md").write_bytes(b"## How to \xff")
    write(folder / "bare" / "SKILL.md", "## How to look\n```bash\nls\n```\n")
    library = Library(own=folder)
    assert ids(library) == ["good/look", "good/count", "half/count"]
    files = {Path(problem.file).relative_to(folder).as_posix() for problem in library.problems}
    assert files == {"half/SKILL.md", "other/SKILL.md", "bytes.md", "bare/SKILL.md"}
    assert all(
        problem.mend and problem.line and not problem.warning for problem in library.problems
    )


def test_a_name_twice_is_an_error(folder: Path, tmp_path: Path) -> None:
    pack(folder, "one")
    (tmp_path / "more").mkdir()
    pack(tmp_path / "more", "one", word="-2")
    library = Library([tmp_path / "more"], own=folder)
    assert ids(library) == ["one/look", "one/count"]
    [problem] = library.problems
    assert "one" in problem.what
    assert str(tmp_path / "more") in problem.file


def test_a_missing_folder_is_a_problem(folder: Path, tmp_path: Path) -> None:
    [problem] = Library([tmp_path / "nowhere"], own=folder).problems
    assert "cannot be read" in problem.what


def test_nothing_changed_nothing_read(folder: Path) -> None:
    pack(folder, "one")
    library = Library(own=folder)
    before = library.section("one/look")
    assert not library.reload()
    assert library.section("one/look") is before


def test_a_change_an_addition_and_a_removal_are_seen(folder: Path) -> None:
    pack(folder, "one")
    pack(folder, "two")
    library = Library(own=folder)
    before = library.section("two/look")
    pack(folder, "one", word="-a")
    pack(folder, "three")
    assert library.reload()
    assert library.section("three/look") is not None
    assert library.section("two/look") is before
    changed = library.section("one/look")
    assert changed is not None
    assert changed.hash != Library(own=folder).section("two/look").hash  # type: ignore[union-attr] # it is there
    (folder / "three" / "SKILL.md").unlink()
    assert library.reload()
    assert library.section("three/look") is None
    assert library.search("three")[:1] != ["three/look"]


def test_the_sections_of_some_packs_are_those_in_force(folder: Path) -> None:
    """An agent's packs are one and the same tuple all the time."""
    packs = ("one", "two")
    pack(folder, "one")
    library = Library(own=folder)
    for _ in range(2):
        assert [each.id for each in library.sections(packs)] == ["one/look", "one/count"]
    pack(folder, "two")
    assert library.reload()
    assert [each.id for each in library.sections(packs)][2:] == ["two/look", "two/count"]
    wanted = ["one", "two"]
    assert len(library.sections(wanted)) == 4
    wanted.pop()
    assert len(library.sections(packs[:1])) == 2
    assert len(library.sections([*wanted, "none"])) == 2
    assert not library.sections(())


def test_what_broke_keeps_its_last_good_version_and_says_so(folder: Path) -> None:
    pack(folder, "one")
    library = Library(own=folder)
    good = library.section("one/look")
    pack(folder, "one", word="; rm")
    assert library.reload()
    assert library.section("one/look") is good
    assert library.section("one/count") is not None
    assert any("last good version" in problem.what for problem in library.problems)
    assert any(not problem.warning for problem in library.problems)
    write(folder / "one" / "SKILL.md", "---\nname: [\n---\n")
    assert library.reload()
    assert library.section("one/look") is good
    pack(folder, "one", word="-a")
    assert library.reload()
    assert library.section("one/look") is not good
    assert not library.problems


def test_what_never_was_good_is_not_there(folder: Path) -> None:
    pack(folder, "one", word="; rm")
    library = Library(own=folder)
    assert library.section("one/look") is None
    pack(folder, "one", word="&& rm")
    library.reload()
    assert library.section("one/look") is None


def test_a_reader_keeps_what_it_has(folder: Path) -> None:
    pack(folder, "one")
    library = Library(own=folder)
    sections = library.sections()
    (folder / "one" / "SKILL.md").unlink()
    library.reload()
    assert [section.id for section in sections] == ["one/look", "one/count"]
    assert not library.sections()


def test_lint_checks_that_examples_render(folder: Path) -> None:
    table = "## Parameters\n| name | type | rule | description |\n|---|---|---|---|\n| a | ip | example 169.254.169.254 | |\n\n"
    write(folder / "one.md", f"{table}## How to look\n```bash\ncurl http://{{a}}/\n```\n")
    [problem] = lint([folder])
    assert "does not render" in problem.what


def test_the_shipped_packs_are_clean() -> None:

    assert lint([built_in()]) == []
