"""The local target, plain and in bubblewrap, over real folders. Processes started here are ended by their pid."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from adapters.targets.local.target import Local
from tests.targets.making import Machine, skip_without, url_of


@pytest.fixture(params=["plain", "sandbox"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folders(tmp_path: Path) -> Callable[[str], tuple[Path, Path]]:
    """The folder of the commands and the data folder: the same one where there is no sandbox."""

    def made(kind: str) -> tuple[Path, Path]:
        data, root = tmp_path / "data", tmp_path / "root"
        data.mkdir()
        root.mkdir()
        return (data if kind == "plain" else root), data

    return made


@pytest.fixture
async def machine(kind: str, folders: Callable[[str], tuple[Path, Path]]) -> AsyncIterator[Machine]:
    folder, data = folders(kind)
    skip_without(kind, folder)
    target = Local()(url_of(kind, folder), data)
    yield Machine(target, folder, data, kind == "sandbox")
    await target.close()
