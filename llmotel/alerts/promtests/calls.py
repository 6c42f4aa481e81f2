"""The tests of the rules about calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmotel import semconv
from llmotel.alerts.call_rules import BURNS, FEW, Burn
from llmotel.alerts.expressions import ENVIRONMENT, OPERATION, durations
from llmotel.alerts.promtests.case import (
    Case,
    Firing,
    Scene,
    Series,
    constant,
    later,
    percent,
    selector,
    steady,
)  # fmt: skip
from llmotel.alerts.windows import words

EDGES = (*semconv.DURATION_EDGES, float("inf"))
_STEP = 30  # minutes, of the tests that last a week
_FAILED = {"error_type": "500", "llmotel_outcome": "server"}
_STOPPED = {"error_type": "CancelledError", "llmotel_outcome": "cancelled"}


def suites(scene: Scene) -> dict[str, list[Case]]:
    """The cases of each alert."""
    return {
        "LLMHighErrorRate": _error_rate(scene),
        **{f"LLMErrorBudgetBurn{burn.name}": _burn(scene, burn) for burn in BURNS},
        "LLMHighLatencyP99": _p99(scene),
        "LLMLatencyRegression": _regression(scene),
    }


def _count(scene: Scene, operation: str = "chat", named: str = "", **labels: str) -> str:
    """The counter of calls. Its metric is that of the operation in the names in use, or, ``named="older"``, that of
    the older conventions."""
    metrics = durations(scene.names)
    number = {"chat": 0, "embeddings": 1}[operation]
    metric = metrics[-1] if named == "older" or number >= len(metrics) else metrics[number]
    return selector(f"{metric}_count", **{"job": "checkout", "instance": "a", OPERATION: operation, **labels})


def _calls(scene: Scene, good: str, failed: str, **labels: str) -> Series:
    return {_count(scene, **labels): good, _count(scene, **labels, **_FAILED): failed}


def _error_rate(scene: Scene) -> list[Case]:
    limit, calls = scene["error_ratio"], scene["minimum_calls"]
    high, low = limit + (1 - limit) / 2, limit * 0.9

    def said(ratio: float, who: str = "checkout", over: float = limit) -> str:
        return (
            f"{who}: {percent(ratio)} of its LLM calls failed in the last 5 minutes; the limit is {percent(over)}."
        )  # fmt: skip

    def at(ratio: float, minutes: int = 30, of: float = calls, **labels: str) -> Series:
        return _calls(scene, steady(of * (1 - ratio), minutes), steady(of * ratio, minutes), **labels)

    fired = [Firing({"job": "checkout"}, said(high))]
    changed = (high + 1) / 2
    cases = [
        Case("fires", "too many calls fail, and go on failing for 5 minutes", at(high), {4: [], 15: fired}),
        Case("fires", "no call succeeds", at(1), {15: [Firing({"job": "checkout"}, said(1))]}),
        Case("fires", "not any more, once calls succeed again", _calls(
            scene, steady(calls * (1 - high), 15) + " " + steady(calls, 15, calls * (1 - high) * 15 + calls),
            steady(calls * high, 15) + " " + constant(calls * high * 15, 15)), {15: fired, 24: []}),
        Case("fires", "embeddings count", at(high, operation="embeddings"), {15: fired}),
        Case("fires", "of two services the one that fails is named, with its environment", {
            **at(high, job="billing", deployment_environment_name="staging"), **at(low)},
            {15: [Firing({"job": "billing", ENVIRONMENT: "staging"}, said(high, "billing (staging)"))]}),
        Case("near miss", "as many calls fail as may", at(low), {15: [], 30: []}),
        Case("near miss", "all calls fail, but there are too few to say anything", at(1, of=calls / 5 * 0.8),
             {15: [], 30: []}),
        Case("near miss", "calls that their caller stopped have not failed", {
            _count(scene): steady(calls, 30), _count(scene, **_STOPPED): steady(calls * 9, 30)}, {15: [], 30: []}),
        Case("no data", "nothing was ever sent", {}, {15: []}),
        Case("no data", "a service without calls", at(high, of=0), {15: []}),
        Case("first sample", "a process that is seen for the first time has failed before", _calls(
            scene, later(10, constant(calls, 20)), later(10, constant(calls * 50, 20))), {12: [], 20: []}),
        Case("first sample", "a new process fails from its first call on", _calls(
            scene, later(10, constant(0, 20)), later(10, steady(calls, 20))),
             {12: [], 20: [Firing({"job": "checkout"}, said(1))]}),
        Case("counter reset", "a process that fails begins anew", _calls(
            scene, _anew(calls * (1 - high)), _anew(calls * high)), {20: fired}),
        Case("counter reset", "a process that is well begins anew", _calls(
            scene, _anew(calls * (1 - low)), _anew(calls * low)), {12: [], 13: [], 20: []}),
        Case("several instances", "one of three processes fails, and that is too much for all",
             _three(scene, calls, min(1.0, 3 * high), high), {15: fired}),
        Case("several instances", "one of three processes fails more than may, but not all of them together",
             _three(scene, calls, min(1.0, 3 * low), low), {15: []}),
        Case("several instances", "each process alone has too few calls", {
            series: values for instance in "abcdefgh"
            for series, values in at(high, of=calls / 20, instance=instance).items()}, {15: fired}),
        Case("threshold changed", "more may fail than does", at(high), {15: []}, changed={"error_ratio": changed}),
        Case("threshold changed", "less may fail than does", at(low), {15: [
            Firing({"job": "checkout"}, said(low, over=low / 2))]}, changed={"error_ratio": low / 2}),
        Case("threshold changed", "more calls are asked for", at(high), {15: []}, changed={"minimum_calls": calls * 6}),
    ]  # fmt: skip
    if scene.names == "latest":
        both = {
            **at(low), **at(low, named="older"),  # the same calls under both names
            _count(scene, "embeddings", **_FAILED): steady(calls * 0.9 * limit, 30),
            _count(scene, "embeddings"): steady(calls * (1 - 0.9 * limit), 30),
        }  # fmt: skip
        cases += [
            Case("fires", "a service that sends the older names alone counts", at(high, named="older"), {15: fired}),
            Case("near miss", "a service that sends both names has each call once", both, {15: []}),
        ]
    return cases


def _anew(step: float) -> str:
    return f"{steady(step, 11)} {steady(step, 20)}"


def _three(scene: Scene, calls: float, worst: float, overall: float) -> Series:
    """Three processes with ``calls`` a minute in all; the first has failures of ``worst``, all together ``overall``."""
    rest = max(0.0, (3 * overall - worst) / 2)
    return {
        series: values
        for instance, ratio in (("a", worst), ("b", rest), ("c", rest))
        for series, values in _calls(
            scene, steady(calls / 3 * (1 - ratio), 30), steady(calls / 3 * ratio, 30), instance=instance
        ).items()
    }


def _burn(scene: Scene, burn: Burn) -> list[Case]:
    objective, calls, factor = scene["slo_objective"], scene["minimum_calls"], burn.factor
    allowed = 1 - objective
    high, low = (factor * allowed + 1) / 2, factor * allowed * 0.9
    hours, step, span = (1, 1, 5) if burn.long == "1h" else (6, 5, 30)  # step: minutes between two values
    each = calls * step
    half, end = 30 // step, hours * 60 // step + 30 // step

    def said(ratio: float, goal: float = objective) -> str:
        return (
            f"checkout: its LLM calls of the last {words(hours * 3600)} failed {ratio / (1 - goal):.1f} times as often "
            f"as the objective of {percent(goal)} allows, and go on failing (last {words(span * 60)}); the limit is "
            f"{factor} times."
        )

    def at(ratio: float, of: float = each, **labels: str) -> Series:
        return _calls(scene, steady(of * (1 - ratio), end), steady(of * ratio, end), **labels)

    def anew(ratio: float) -> Series:
        return _calls(scene, *(
            f"{steady(each * share, half)} {steady(each * share, end)}" for share in (1 - ratio, ratio)))  # fmt: skip

    def case(situation: str, what: str, series: Series, firing: Sequence[Firing] = (), minute: int = end * step,
             **changed: float) -> Case:  # fmt: skip
        return Case(situation, what, series, {minute: firing}, step, changed)

    fired = [Firing({"job": "checkout"}, said(high))]
    recovered = _calls(
        scene,
        f"{steady(each * (1 - high), half)} {steady(each, end, each * (1 - high) * half + each)}",
        f"{steady(each * high, half)} {constant(each * high * half, end)}",
    )
    return [
        case("fires", "the error budget burns in both windows", at(high), fired),
        case("near miss", "it burns, but slower", at(low)),
        case("near miss", f"it has burned in the long window, and not in the last {words(span * 60)}", recovered,
             minute=30 + span + 2 * step),
        case("near miss", "too few calls to say anything", at(1, of=calls / (hours * 60) * 0.8 * step)),
        case("no data", "nothing was ever sent", {}),
        case("first sample", "a process that is seen for the first time has failed before", _calls(
            scene, later(half, constant(calls, end)), later(half, constant(calls * 500, end)))),
        case("counter reset", "a process that is well begins anew", anew(low)),
        case("counter reset", "a process that fails begins anew", anew(high), fired),
        case("several instances", "the failures of three processes add up", {
            series: values for instance in "abc"
            for series, values in at(high, of=each / 3, instance=instance).items()}, fired),
        case("several instances", "three processes, each well", {
            series: values for instance in "abc"
            for series, values in at(low, of=each / 3, instance=instance).items()}),
        case("threshold changed", "a lower objective allows more", at(low), slo_objective=1 - allowed * 1.5),
        case("threshold changed", "a higher objective allows less", at(low), [
            Firing({"job": "checkout"}, said(low, 1 - allowed / 2))], slo_objective=1 - allowed / 2),
    ]  # fmt: skip


def _histogram(scene: Scene, per_minute: Mapping[float, float], minutes: int = 40, **labels: str) -> Series:
    """``per_minute``: upper edge of a bucket -> calls a minute that fall into it."""
    series: Series = {}
    count = 0.0
    for edge in EDGES:
        count += per_minute.get(edge, 0)
        le = "+Inf" if edge == float("inf") else f"{float(edge)}"
        series[_count(scene, **labels, le=le).replace("_count{", "_bucket{")] = steady(count, minutes)
    series[_count(scene, **labels)] = steady(count, minutes)
    return series


def _p99(scene: Scene) -> list[Case]:
    limit, minimum = scene["p99_seconds"], scene["minimum_calls"]
    calls = minimum * FEW / 10 * 1.2  # a minute; enough for a percentile of them to mean something
    under = max(edge for edge in EDGES if edge <= limit)
    lower = min(edge for edge in EDGES if edge >= limit)
    upper = EDGES[EDGES.index(lower) + 1]

    def said(seconds: float, operation: str = "chat", over: float = limit) -> str:
        return (
            f"checkout: 1 in 100 of its {operation} calls took {seconds:.1f} s or longer in the last 10 minutes; the "
            f"limit is {over:.4g} s."
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
        Case("first sample", "a process that is seen for the first time had slow calls before", {
            series: later(10, constant(float(values.split("+")[1].split("x")[0]) * 500, 30))
            for series, values in _histogram(scene, slow).items()}, {12: [], 25: []}),
        Case("counter reset", "a process with slow calls begins anew", {
            series: f"{values[:-2]}11 {values}" for series, values in _histogram(scene, slow).items()},
            {25: fires(p99(0.05))}),
        Case("counter reset", "a process with quick calls begins anew", {
            series: f"{values[:-2]}11 {values}" for series, values in _histogram(scene, {EDGES[0]: calls}).items()},
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
    now = (week + 6) * _STEP

    def weeks(before: float, after: float) -> str:
        """A counter that grows by so much each step, for six hours a week ago and from then on now."""
        return f"{steady(before, 12)} _x{week - 13} {steady(after, 12, before * 12 + after)}"

    def taking(old: float, new: float, of: float = calls, old_of: float = calls, **labels: str) -> Series:
        count, total = _pair(scene, **labels)
        return {count: weeks(old_of, of), total: weeks(old_of * old, of * new)}

    def case(situation: str, what: str, series: Series, firing: Sequence[Firing] = (), **changed: float) -> Case:
        return Case(situation, what, series, {now: firing}, _STEP, changed)

    def fires(factor: float, over: float = limit) -> Sequence[Firing]:
        return [Firing({"job": "checkout", OPERATION: "chat"}, (
            f"checkout: its chat calls take {factor:.1f} times as long as at the same hour last week; the limit is "
            f"{over:.4g} times."))]  # fmt: skip

    high, low = limit * 1.4, 1 + (limit - 1) * 0.8
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
            series: f"{steady(old, 12)} _x{week - 13} {steady(now_, 5)} {steady(now_, 9, now_)}"
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
    count = _count(scene, **labels)
    return count, count.replace("_count{", "_sum{")


__all__ = ["suites"]
