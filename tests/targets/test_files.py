"""Files written by the local target: whole or not at all, below the root, with the old copy kept."""

import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.targets.local.files import OutsideError, write
from adapters.targets.local.streams import Kept
from tests.targets.making import Machine


async def test_a_file_is_written_whole_and_the_old_copy_kept(machine: Machine) -> None:
    path = machine.folder / "site.conf"
    path.write_text("old\n")
    path.chmod(0o640)
    done = await machine.write("site.conf", "new ✓\n")
    assert done.exit == 0
    assert path.read_text() == "new ✓\n"
    assert path.stat().st_mode & 0o777 == 0o640
    kept = list((machine.data / "kept").iterdir())
    assert [each.read_text() for each in kept] == ["old\n"]
    assert {each.name for each in machine.folder.iterdir()} - {"kept", "left"} == {"site.conf"}


async def test_a_folder_that_is_not_there_is_a_sentence(machine: Machine) -> None:
    done = await machine.write("missing/site.conf", "x")
    assert done.fault == "unwritable"
    assert "missing/site.conf" in done.words
    assert "Nothing was changed" in done.words


async def test_a_folder_in_place_of_the_file_is_left_alone(machine: Machine) -> None:
    (machine.folder / "site.conf").mkdir()
    assert (await machine.write("site.conf", "x")).fault == "unwritable"
    assert not [each for each in os.listdir(machine.folder) if each.startswith(".parley")]


async def test_a_link_inside_the_root_is_followed(machine: Machine) -> None:
    (machine.folder / "real").write_text("old")
    (machine.folder / "link").symlink_to("real")
    assert (await machine.write("link", "new")).exit == 0
    assert (machine.folder / "link").is_symlink()
    assert (machine.folder / "real").read_text() == "new"


@pytest.mark.parametrize(
    "way", ["absolute", "dots", "file link", "folder link", "absolute link", "chain"]
)
async def test_a_sandboxed_target_never_writes_outside_its_root(
    machine: Machine, tmp_path: Path, way: str
) -> None:
    if not machine.sandboxed:
        pytest.skip("about the sandbox")
    outside = tmp_path / "outside"
    outside.mkdir()
    victim = outside / "PWNED"
    victim.write_text("safe")
    root = machine.folder
    (root / "sub").mkdir()
    (root / "file").symlink_to("../outside/PWNED")
    (root / "folder").symlink_to("../outside")
    (root / "far").symlink_to(outside)
    (root / "sub" / "chain").symlink_to("../folder")
    paths = {
        "absolute": str(victim),
        "dots": "../outside/PWNED",
        "file link": "file",
        "folder link": "folder/PWNED",
        "absolute link": "far/PWNED",
        "chain": "sub/chain/PWNED",
    }
    done = await machine.write(paths[way], "pwned")
    assert done.fault == "refused"
    assert victim.read_text() == "safe"


def test_a_root_that_is_a_prefix_of_a_name_is_not_its_folder(tmp_path: Path) -> None:
    root, other = tmp_path / "site", tmp_path / "site-other"
    root.mkdir()
    other.mkdir()
    with pytest.raises(OutsideError):
        write(str(other / "x"), b"", "a1", cwd=root, root=root, kept=tmp_path / "kept")


names = st.sampled_from(["a", "b", "..", ".", "in", "out", "up", "x"])


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(names, min_size=1, max_size=6))
def test_no_path_leaves_the_root(tmp_path: Path, parts: list[str]) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    if not root.exists():
        (root / "a" / "b").mkdir(parents=True)
        outside.mkdir()
        (outside / "x").write_text("safe")
        (root / "in").symlink_to("a")
        (root / "out").symlink_to(outside)
        (root / "a" / "up").symlink_to("../../outside")
    with contextlib.suppress(OutsideError, OSError):
        write("/".join(parts), b"new", "a1", cwd=root, root=root, kept=tmp_path / "kept")
    assert (outside / "x").read_text() == "safe"
    assert os.listdir(outside) == ["x"]


@given(
    chunks=st.lists(st.binary(max_size=40), max_size=30),
    head=st.integers(0, 50),
    tail=st.integers(0, 50),
)
def test_the_beginning_and_the_end_are_kept_whatever_the_chunks(
    chunks: list[bytes], head: int, tail: int
) -> None:
    kept = Kept(head, tail)
    for chunk in chunks:
        kept.add(chunk)
    whole = b"".join(chunks)
    rest = whole[head:]
    wanted = whole[:head] + (rest[-tail:] if tail else b"")
    assert kept.data == wanted
    assert kept.dropped == len(whole) - len(wanted)
