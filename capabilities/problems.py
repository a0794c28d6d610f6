"""What is wrong with a page, as a value. Made while parsing and compiling, kept by the library, shown by `lint`."""

from typing import Literal

from msgspec import Struct


class Problem(Struct, frozen=True):
    """One thing to mend. `line` counts from 1; a `warning` leaves nothing out."""

    file: str
    line: int
    what: str
    mend: str = ""
    severity: Literal["error", "warning"] = "error"

    @property
    def warning(self) -> bool:
        return self.severity == "warning"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what} {self.mend}".rstrip()


class Broken(Exception):
    """A section cannot be compiled: raised inside the compiler, always caught there and turned into a `Problem`."""

    def __init__(self, line: int, what: str, mend: str) -> None:
        self.line = line
        self.what = what
        self.mend = mend
        super().__init__(what)
