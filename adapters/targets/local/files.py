"""Writes a file whole or not at all, below a root, keeping the old copy. Used by `target`, in a thread.

The old copy goes to `data/kept/<attempt>`: no pattern such as `sites-enabled/*` can pick it up there. The new text is
made in the same folder under the hidden name `.parley-<attempt>`, and that name takes the place of the old in one rename.
"""

import contextlib
import os
import shutil
from pathlib import Path


class OutsideError(Exception):
    """The path leads out of its root."""


def write(path: str, content: bytes, attempt: str, *, cwd: Path, root: Path, kept: Path) -> None:
    """Write `path` (relative to `cwd`, symlinks followed). Raises OutsideError, or OSError with nothing changed."""
    real = Path(os.path.realpath(cwd / path))
    if real == root or not real.is_relative_to(root):
        raise OutsideError(f"{path} leads to {real}, which is not a file below {root}.")
    folder = _open(root, real.parent.relative_to(root).parts)
    try:
        _replace(folder, real.name, content, attempt, kept)
    finally:
        os.close(folder)


def _open(root: Path, parts: tuple[str, ...]) -> int:
    """A handle on the folder, walked from the root without following any link: what was resolved is what is opened."""
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    for part in parts:
        try:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=handle)
        finally:
            os.close(handle)
        handle = below
    return handle


def _replace(folder: int, name: str, content: bytes, attempt: str, kept: Path) -> None:
    mode = _keep(folder, name, kept / attempt)
    draft = f".parley-{attempt}"
    try:
        _create(folder, draft, content, mode)
        os.rename(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(draft, dir_fd=folder)
        raise
    os.fsync(folder)


def _keep(folder: int, name: str, copy: Path) -> os.stat_result | None:
    try:
        old = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder)
    except FileNotFoundError:
        return None
    copy.parent.mkdir(parents=True, exist_ok=True)
    with open(old, "rb") as source, copy.open("wb") as target:
        os.fchmod(target.fileno(), 0o600)
        shutil.copyfileobj(source, target)
        target.flush()
        os.fsync(target.fileno())
        return os.fstat(source.fileno())


def _create(folder: int, draft: str, content: bytes, old: os.stat_result | None) -> None:
    made = os.open(
        draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644, dir_fd=folder
    )
    with open(made, "wb") as file:
        if old is not None:
            with contextlib.suppress(
                PermissionError
            ):  # another's file stays readable by us, under our name
                os.fchown(made, old.st_uid, old.st_gid)
            os.fchmod(made, old.st_mode & 0o7777)
        file.write(content)
        file.flush()
        os.fsync(made)
