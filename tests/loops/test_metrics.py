"""The text for Prometheus is what its format says, whatever the labels hold; the counters count from any thread."""

import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.metrics import EVENTS, FAILURES, WAITS, Metric, Metrics

_LABEL = r'[a-z_]+="(?:[^"\\\n]|\\["\\n])*"'
_SAMPLE = re.compile(
    rf"([a-z_]+)(?:\{{({_LABEL}(?:,{_LABEL})*)\}})? (-?\d+(?:\.\d+)?(?:e[+-]\d+)?)"
)


def parsed(text: str) -> dict[tuple[str, ...], float]:
    """Every sample by its name and label values; fails on a line that is none."""
    found: dict[tuple[str, ...], float] = {}
    declared = set()
    assert text.endswith("\n")
    for line in text[:-1].split("\n"):
        if line.startswith("#"):
            declared.add(line.split()[2])
            continue
        match = _SAMPLE.fullmatch(line)
        assert match, line
        name = re.sub("_(bucket|sum|count)$", "", match[1])
        assert name in declared, line
        values = [_read(each) for each in re.findall(r'="((?:[^"\\]|\\.)*)"', match[2] or "")]
        assert (match[1], *values) not in found
        found[match[1], *values] = float(match[3])
    return found


def _read(value: str) -> str:
    return re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m[1], m[1]), value)


@given(st.dictionaries(st.tuples(st.text(), st.text()), st.integers(1, 50), max_size=5))
def test_any_label_comes_back(counts: dict[tuple[str, str], int]) -> None:
    metrics = Metrics()
    for labels, times in counts.items():
        metrics.count(EVENTS, *labels, by=times)
    text = metrics.text()
    expected = {("parley_events_total", *labels): float(n) for labels, n in counts.items()}
    assert parsed(text) == expected


@given(st.lists(st.floats(-10, 1e6), max_size=20))
def test_every_wait_is_in_all_buckets_that_hold_it(seconds: list[float]) -> None:
    metrics = Metrics()
    for each in seconds:
        metrics.took("slack", "approved", each)
    found = parsed(metrics.text())
    if not seconds:
        assert found == {}
        return
    name = "parley_approval_latency_seconds"
    real = [max(0.0, each) for each in seconds]
    for bound in WAITS:
        fits = sum(each <= bound for each in real)
        assert found[f"{name}_bucket", "slack", "approved", f"{bound:g}"] == fits
    assert found[f"{name}_bucket", "slack", "approved", "+Inf"] == len(real)
    assert found[f"{name}_count", "slack", "approved"] == len(real)
    assert found[f"{name}_sum", "slack", "approved"] == pytest.approx(sum(real))


def test_gauges_stand_with_their_whole_value() -> None:
    gauge = Metric("start_time_seconds", "gauge", "When.")
    assert parsed(Metrics().text([(gauge, [((), 1763712345.25)])])) == {
        ("parley_start_time_seconds",): 1763712345.25
    }


def test_threads_lose_no_count() -> None:
    metrics = Metrics()
    with ThreadPoolExecutor(8) as pool:
        for _ in range(8):
            pool.submit(
                lambda: [metrics.count(FAILURES, "slack", "server", "no") for _ in range(5000)]
            )
    assert (
        parsed(metrics.text())["parley_delivery_failures_total", "slack", "server", "no"] == 40000
    )


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_prometheus_itself_reads_it() -> None:
    metrics = Metrics()
    metrics.count(EVENTS, 'a"\\\n', "message")
    metrics.took("slack", "approved", 3.5)
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=metrics.text(), capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
