"""What every bench returns, and how `python -m tests.bench` prints it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Better = Literal["more", "less"]


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison. `ours` and `beside` are in `unit`; `beside` is a peer or a floor of the same run, None where there
    is none. `aim` bounds `of`: ours over beside, or ours alone. A row without an aim is there to be read."""

    name: str
    ours: float
    unit: str
    beside: float | None = None
    beside_name: str = ""
    aim: float | None = None
    better: Better = "less"
    of: Literal["ours", "ratio"] = "ours"
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return self.ours / self.beside if self.beside else None

    @property
    def verdict(self) -> str:
        """`ok` or `behind`; empty without an aim, `no peer` where the comparison is missing."""
        if self.aim is None:
            return ""
        measured = self.ours if self.of == "ours" else self.ratio
        if measured is None:
            return "no peer"
        good = measured >= self.aim if self.better == "more" else measured <= self.aim
        return "ok" if good else "behind"

    @property
    def cells(self) -> tuple[str, ...]:
        beside = "" if self.beside is None else f"{number(self.beside)} {self.beside_name}"
        ratio = "" if self.ratio is None else f"{number(self.ratio)}x"
        sign = "≥" if self.better == "more" else "≤"
        unit = "x" if self.of == "ratio" else f" {self.unit}"
        aim = "" if self.aim is None else f"{sign} {number(self.aim)}{unit}"
        name = f"{self.name} ({self.note})" if self.note else self.name
        return (name, f"{number(self.ours)} {self.unit}", beside, ratio, aim, self.verdict)


HEADS = ("what", "ours", "beside it", "ratio", "aim", "")


def number(value: float) -> str:
    """Three figures that count, without an exponent."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def table(rows: Sequence[Row]) -> str:
    """The rows as text in columns."""
    lines = [HEADS, *(row.cells for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(HEADS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
