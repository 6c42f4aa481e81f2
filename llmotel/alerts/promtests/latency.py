"""The tests of the rules about calls that take long."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from llmotel import semconv
from llmotel.alerts.call_rules import FEW
from llmotel.alerts.expressions import OPERATION
from llmotel.alerts.promtests.calls import count
from llmotel.alerts.promtests.case import Case, Firing, Scene, Series, as_given, constant, later, steady, text

EDGES = (*semconv.DURATION_EDGES, float("inf"))
_STEP = 30  # minutes, of the tests that last a week


def suites(scene: Scene) -> dict[str, list[Case]]:
    """The cases of each alert."""
    return {"LLMHighLatencyP99": _p99(scene), "LLMLatencyRegression": _regression(scene)}


def _usual(step: float) -> str:
    return steady(step, 40)


def _anew(step: float) -> str:
    return f"{steady(step, 11)} {steady(step, 30)}"


def _histogram(
    scene: Scene, per_minute: Mapping[float, float], values: Callable[[float], str] = _usual, **labels: str
) -> Series:
    """``per_minute``: upper edge of a bucket -> calls a minute that fall into it. ``values`` makes a counter of the
    calls a minute."""
    series: Series = {}
    total = 0.0
    for edge in EDGES:
        total += per_minute.get(edge, 0)
        le = "+Inf" if edge == float("inf") else f"{float(edge)}"
        series[count(scene, **labels, le=le).replace("_count{", "_bucket{")] = values(total)
    series[count(scene, **labels)] = values(total)
    return series


def _p99(scene: Scene) -> list[Case]:
    limit, minimum = scene["p99_seconds"], scene["minimum_calls"]
    calls = minimum * FEW / 10 * 1.2  # a minute; enough for a percentile of them to mean something
    under = max(edge for edge in EDGES if edge <= limit)
    lower = min(edge for edge in EDGES if edge >= limit)
    upper = EDGES[EDGES.index(lower) + 1]

    def said(seconds: float, operation: str = "chat", over: float = limit) -> str:
        return (
            f"checkout: 1 in 100 of its {operation} calls took {text(seconds, '.1f')} s or longer in the last 10 "
            f"minutes; the limit is {as_given(over)} s."
        )

    def fires(seconds: float, operation: str = "chat", over: float = limit) -> Sequence[Firing]:
        return [Firing({"job": "checkout", OPERATION: operation}, said(seconds, operation, over))]

    def p99(share: float) -> float:  # of calls in the slow bucket, for the rest are faster
        if upper == float("inf"):
            return lower
        return lower + (upper - lower) * (0.99 - (1 - share)) / share

    slow = {EDGES[0]: calls * 0.95, upper: calls * 0.05}
    return [
        Case("fires", "one call in twenty is slow", _histogram(scene, slow), {4: [], 25: fires(p99(0.05))}),
        Case("fires", "all calls are slow, but few", _histogram(scene, {upper: minimum / 10 * 1.5}),
             {25: fires(p99(1))}),
        Case("fires", "embeddings that are slow are not lost among quick chats", {
            **_histogram(scene, {EDGES[0]: calls * 1000}),
            **_histogram(scene, {upper: calls}, operation="embeddings")}, {25: fires(p99(1), "embeddings")}),
        Case("near miss", "all calls take as long as they may", _histogram(scene, {under: calls}), {25: [], 40: []}),
        Case("near miss", "one call in two hundred is slow", _histogram(
            scene, {EDGES[0]: calls * 0.995, upper: calls * 0.005}), {25: []}),
        Case("near miss", "of few calls a single one is slow", _histogram(
            scene, {EDGES[0]: minimum / 10 * 1.45, upper: minimum / 10 * 0.05}), {25: []}),
        Case("near miss", "too few calls to say anything", _histogram(scene, {upper: minimum / 10 * 0.8}), {25: []}),
        Case("no data", "nothing was ever sent", {}, {25: []}),
        Case("no data", "a service without calls", _histogram(scene, {}), {25: []}),
        Case("first sample", "a process that is seen for the first time had slow calls before", _histogram(
            scene, slow, lambda step: later(10, constant(step * 500, 30))), {12: [], 25: []}),
        Case("counter reset", "a process with slow calls begins anew", _histogram(scene, slow, _anew),
             {25: fires(p99(0.05))}),
        Case("counter reset", "a process with quick calls begins anew", _histogram(scene, {EDGES[0]: calls}, _anew),
             {13: [], 25: []}),
        Case("several instances", "one of three processes is slow", {
            **_histogram(scene, {EDGES[0]: calls / 3}, instance="b"),
            **_histogram(scene, {EDGES[0]: calls / 3}, instance="c"),
            **_histogram(scene, {upper: calls / 3})}, {25: fires(p99(1 / 3))}),
        Case("several instances", "each process alone has too few calls", {
            series: values for instance in "abcdefgh"
            for series, values in _histogram(scene, {upper: calls / 8}, instance=instance).items()},
            {25: fires(p99(1))}),
        Case("threshold changed", "calls may take longer", _histogram(scene, slow), {25: []},
             changed={"p99_seconds": EDGES[-2]}),
        Case("threshold changed", "calls may not take as long", _histogram(scene, {under: calls}), {
            25: fires(_within(under, 0.99), over=_below(under))}, changed={"p99_seconds": _below(under)}),
    ]  # fmt: skip


def _below(edge: float) -> float:
    """The lower edge of the bucket that ends at ``edge``."""
    number = EDGES.index(edge)
    return EDGES[number - 1] if number else edge / 2


def _within(edge: float, share: float) -> float:
    lower = EDGES[EDGES.index(edge) - 1] if EDGES.index(edge) else 0.0
    return lower + (edge - lower) * share


def _regression(scene: Scene) -> list[Case]:
    limit, minimum = scene["latency_regression"], scene["minimum_calls"]
    calls = minimum * FEW / 2 * 1.2  # in half an hour, which is a step
    week = 7 * 24 * 2
    now = (week + 12) * _STEP

    def weeks(before: float, after: float) -> str:
        """A counter that grows by so much each step, for six hours a week ago and from then on now."""
        return f"{steady(before, 12)} _x{week - 13} {steady(after, 12, before * 12 + after)}"

    def taking(old: float, new: float, of: float = calls, old_of: float = calls, **labels: str) -> Series:
        count, total = _pair(scene, **labels)
        return {count: weeks(old_of, of), total: weeks(old_of * old, of * new)}

    def case(situation: str, what: str, series: Series, firing: Sequence[Firing] = (), **changed: float) -> Case:
        return Case(situation, what, series, {now: firing}, _STEP, changed, 6 * _STEP)

    def fires(factor: float, over: float = limit) -> Sequence[Firing]:
        return [Firing({"job": "checkout", OPERATION: "chat"}, (
            f"checkout: its chat calls take {text(factor, '.1f')} times as long as at the same hour last week; the "
            f"limit is {as_given(over)} times."))]  # fmt: skip

    high, low = scene.off(limit * 1.4), 1 + scene.off((limit - 1) * 0.8)
    slow = taking(2, 2 * high)
    new = {instance: _pair(scene, instance=instance) for instance in "abc"}
    return [
        case("fires", "calls take longer than a week ago", slow, fires(high)),
        case("near miss", "calls take longer, but not by that much", taking(2, 2 * low)),
        case("near miss", "calls that fail after a long time are not slow answers", {
            **taking(2, 2), **taking(2, 600, error_type="APITimeoutError")}),
        case("near miss", "too few calls this week", taking(2, 2 * high, of=calls / 2)),
        case("near miss", "too few calls last week", taking(2, 2 * high, old_of=calls / 2)),
        case("no data", "nothing was ever sent", {}),
        case("no data", "no week ago", {
            new["a"][0]: later(week, steady(calls, 12)), new["a"][1]: later(week, steady(calls * 99, 12))}),
        case("first sample", "a process that is seen for the first time had slow calls before", {
            **taking(2, 2), new["b"][0]: later(week, constant(calls * 99, 12)),
            new["b"][1]: later(week, constant(calls * 99_999, 12))}),
        case("counter reset", "the process begins anew", {
            series: f"{steady(old, 12)} _x{week - 13} {steady(now_, 11)} {steady(now_, 3, now_)}"
            for series, old, now_ in zip(new["a"], (calls, calls * 2), (calls, calls * 2 * high), strict=True)},
            fires(high)),
        case("several instances", "the processes of the week before are gone", {
            new["a"][0]: steady(calls, 12), new["a"][1]: steady(calls * 2, 12),
            **{new[instance][0]: later(week, steady(calls / 2, 12)) for instance in "bc"},
            **{new[instance][1]: later(week, steady(calls * high, 12)) for instance in "bc"}}, fires(high)),
        case("threshold changed", "calls may get slower", slow, latency_regression=high * 1.1),
        case("threshold changed", "calls may get less slower", taking(2, 2 * low), fires(low, 1 + (limit - 1) * 0.4),
             latency_regression=1 + (limit - 1) * 0.4),
    ]  # fmt: skip


def _pair(scene: Scene, **labels: str) -> tuple[str, str]:
    """The count and the sum of a histogram of durations."""
    counter = count(scene, **labels)
    return counter, counter.replace("_count{", "_sum{")


__all__ = ["suites"]
