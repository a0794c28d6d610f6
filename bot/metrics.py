"""What is counted, and its text for Prometheus. The loops and `bot.cases.card` count, `bot.health` shows.

Counting costs half a microsecond and needs no server; whoever configures none has counted for nothing.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Literal

from msgspec import Struct, field

Kind = Literal["counter", "gauge", "histogram"]
Labels = tuple[str, ...]
Sample = tuple[Labels, float]

WAITS = (5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 43200.0)
"""Upper bounds, in seconds, of how long an approval takes."""


class Metric(Struct, frozen=True, eq=False):
    """One metric: its name without the prefix, what it says, and the names of its labels. The one that is counted is the one that
    is shown: a look at all of its words with each count would cost more than the count."""

    name: str
    kind: Kind
    words: str
    labels: Labels = ()


EVENTS = Metric("events_total", "counter", "Events heard, each once.", ("instance", "kind"))
POSTS = Metric(
    "posts_total", "counter", "Messages, edits and reactions that came out.", ("instance", "kind")
)
COALESCED = Metric(
    "edits_coalesced_total",
    "counter",
    "Edits replaced by a newer one before they went out.",
    ("instance",),
)
FAILURES = Metric(
    "delivery_failures_total",
    "counter",
    "Sends that failed, for a while or for good.",
    ("instance", "reason", "final"),
)
LATENCY = Metric(
    "approval_latency_seconds",
    "histogram",
    "From the plan to its decision.",
    ("instance", "verdict"),
)
COUNTED = (EVENTS, POSTS, COALESCED, FAILURES)


class _Waits(Struct):
    """One histogram: how many were at most each of `WAITS`, and all of them together."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(WAITS) + 1))
    total: float = 0.0


class Metrics:
    """Every counter of one process. From any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: dict[Metric, dict[Labels, int]] = {each: {} for each in COUNTED}
        self._latency: dict[Labels, _Waits] = {}

    def count(self, metric: Metric, *labels: str, by: int = 1) -> None:
        """One more, or `by` more."""
        with self._lock:
            counts = self._counts[metric]
            counts[labels] = counts.get(labels, 0) + by

    def took(self, instance: str, verdict: str, seconds: float) -> None:
        """A plan of this chat was approved or rejected after so long; a clock set back counts as no time."""
        seconds = max(0.0, seconds)
        with self._lock:
            waits = self._latency.setdefault((instance, verdict), _Waits())
            waits.counts[bisect_left(WAITS, seconds)] += 1
            waits.total += seconds

    def text(self, gauges: Iterable[tuple[Metric, Iterable[Sample]]] = ()) -> str:
        """Prometheus' text format 0.0.4. `gauges` are what is only known when somebody asks."""
        lines: list[str] = []
        with self._lock:
            for metric, counts in self._counts.items():
                lines += _family(metric, counts.items())
            lines += _histogram(LATENCY, self._latency)
        for metric, samples in gauges:
            lines += _family(metric, samples)
        return "\n".join(lines) + "\n"


def _family(metric: Metric, samples: Iterable[Sample]) -> list[str]:
    name = f"parley_{metric.name}"
    shown = sorted(samples)
    return [
        *_head(metric),
        *(f"{name}{_labels(metric.labels, labels)} {_number(value)}" for labels, value in shown),
    ]


def _histogram(metric: Metric, found: Mapping[Labels, _Waits]) -> list[str]:
    name = f"parley_{metric.name}"
    lines = _head(metric)
    bounds = [*(f"{bound:g}" for bound in WAITS), "+Inf"]
    for labels, waits in sorted(found.items(), key=lambda each: each[0]):
        so_far = 0
        for bound, count in zip(bounds, waits.counts, strict=True):
            so_far += count
            given = _labels((*metric.labels, "le"), (*labels, bound))
            lines.append(f"{name}_bucket{given} {so_far}")
        given = _labels(metric.labels, labels)
        lines += [f"{name}_sum{given} {_number(waits.total)}", f"{name}_count{given} {so_far}"]
    return lines


def _head(metric: Metric) -> list[str]:
    name = f"parley_{metric.name}"
    return [f"# HELP {name} {metric.words}", f"# TYPE {name} {metric.kind}"]


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _labels(names: Labels, values: Labels) -> str:
    """Escaped: a reason or an instance may hold anything."""
    if not names:
        return ""
    pairs = (f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True))
    return "{" + ",".join(pairs) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
