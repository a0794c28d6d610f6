"""bubblewrap around a command: ROOT writable, the system's programs read-only, nothing else of the machine. Used by `target`.

`/dev` and `/proc` are the sandbox's own (null, zero, random …; only its own processes). The network is the machine's.
Each stage of a pipeline has a sandbox of its own, joined by pipes; what it leaves running ends with it.
"""

import os
import shutil
import subprocess
from pathlib import Path

_SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_READABLE = ("/usr", *_SYSTEM, "/etc/ssl")
_CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID")
_LINKS = 40


def wrap(argv: tuple[str, ...], root: Path, named: Path, bwrap: str) -> tuple[str, ...]:
    """The same argv behind bubblewrap; not a word of it is changed. `named` is the root as it was written, links and all:
    it is there under both names."""
    return (bwrap, *_options(root, named), "--", *argv)


def _options(root: Path, named: Path) -> list[str]:
    options = ["--unshare-pid", "--die-with-parent", "--ro-bind", "/usr", "/usr"]
    for folder in _SYSTEM:
        if os.path.islink(folder):
            options += ["--symlink", os.readlink(folder), folder]
        elif os.path.isdir(folder):
            options += ["--ro-bind", folder, folder]
    options += ["--ro-bind-try", "/etc/ssl", "/etc/ssl", "--proc", "/proc", "--dev", "/dev"]
    for place in dict.fromkeys((root, named)):
        options += ["--bind", str(root), str(place)]
    options += ["--chdir", str(root)]
    if os.geteuid() == 0:  # without these, root in a sandbox could still mount and make devices
        options += ["--cap-drop", "ALL"]
        for name in _CAPABILITIES:
            options += ["--cap-add", f"CAP_{name}"]
    return options


def probe(root: Path, path: str) -> str | None:
    """Why no command can run in this sandbox, as a sentence with its mend; None when it can."""
    if not root.is_dir():
        return f"The folder {root} is not there. Create it, or change the agent's target."
    bwrap = shutil.which("bwrap", path=path)
    if bwrap is None:
        return "bubblewrap is not installed. Install the package bubblewrap, or use the target local: without a folder."
    try:
        done = subprocess.run(
            wrap(("true",), root, root, bwrap),
            env={"PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap does not start: {error}. Run `bwrap --unshare-pid --ro-bind / / true` to see why."
    if done.returncode == 0:
        return None
    words = done.stderr.decode(errors="replace").strip().splitlines()
    return f"bubblewrap does not start: {words[-1] if words else f'exit {done.returncode}'}. Allow user namespaces for this user, or use local: without a folder."


def missing(program: str, root: Path | None, path: str) -> str | None:
    """Why that program cannot be started, as a sentence; None when it is there (and seen from inside, when there is a root)."""
    found = shutil.which(program, path=path)
    if found is None:
        return f"There is no program {program} on this machine. Install it, or look at its name."
    if root is None:
        return None
    hidden = _hidden(Path(found), root)
    if hidden is None:
        return None
    return f"The program {program} is at {hidden}, which the sandbox does not have. Use one below /usr or {root}."


def shows(path: Path, root: Path) -> bool:
    """Whether that place can be seen from inside."""
    return any(path.is_relative_to(folder) for folder in (*_READABLE, str(root)))


def _hidden(path: Path, root: Path) -> Path | None:
    """The first place on the way along its links that cannot be seen from inside."""
    for _ in range(_LINKS):
        if not shows(path, root):
            return path
        if not path.is_symlink():
            return None
        path = Path(os.path.normpath(path.parent / path.readlink()))
    return path
