"""The tests of the rules about calls that fail."""

from __future__ import annotations

from collections.abc import Sequence

from llmotel.alerts.call_rules import BURNS, Burn
from llmotel.alerts.expressions import ENVIRONMENT, OPERATION, durations
from llmotel.alerts.promtests.case import (
    Case,
    Firing,
    Scene,
    Series,
    between,
    constant,
    later,
    percent,
    percent_of,
    selector,
    steady,
    text,
)
from llmotel.alerts.windows import words

_FAILED = {"error_type": "500", "llmotel_outcome": "server"}
_STOPPED = {"error_type": "CancelledError", "llmotel_outcome": "cancelled"}


def suites(scene: Scene) -> dict[str, list[Case]]:
    """The cases of each alert."""
    return {
        "LLMHighErrorRate": _error_rate(scene),
        **{f"LLMErrorBudgetBurn{burn.name}": _burn(scene, burn) for burn in BURNS},
    }


def count(scene: Scene, operation: str = "chat", named: str = "", **labels: str) -> str:
    """The counter of calls. Its metric is that of the operation in the names in use, or, ``named="older"``, that of
    the older conventions."""
    metrics = durations(scene.names)
    number = {"chat": 0, "embeddings": 1}[operation]
    metric = metrics[-1] if named == "older" or number >= len(metrics) else metrics[number]
    return selector(f"{metric}_count", **{"job": "checkout", "instance": "a", OPERATION: operation, **labels})


def _calls(scene: Scene, good: str, failed: str, **labels: str) -> Series:
    return {count(scene, **labels): good, count(scene, **labels, **_FAILED): failed}


def _error_rate(scene: Scene) -> list[Case]:
    limit, calls = scene["error_ratio"], scene["minimum_calls"]
    high, low = scene.off(between(limit, 1)), scene.off(limit * 0.9)

    def said(ratio: float, who: str = "checkout", over: float = limit) -> str:
        return (
            f"{who}: {percent_of(ratio)} of its LLM calls failed in the last 5 minutes; the limit is {percent(over)}."
        )  # fmt: skip

    def at(ratio: float, minutes: int = 30, of: float = calls, **labels: str) -> Series:
        return _calls(scene, steady(of * (1 - ratio), minutes), steady(of * ratio, minutes), **labels)

    fired = [Firing({"job": "checkout"}, said(high))]
    changed = (high + 1) / 2
    cases = [
        Case("fires", "too many calls fail, and go on failing for 5 minutes", at(high), {4: [], 15: fired}),
        Case("fires", "just enough calls to say something", at(high, of=calls / 5 * 1.5), {15: fired}),
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
            count(scene): steady(calls, 30), count(scene, **_STOPPED): steady(calls * 9, 30)}, {15: [], 30: []}),
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
            count(scene, "embeddings", **_FAILED): steady(calls * 0.9 * limit, 30),
            count(scene, "embeddings"): steady(calls * (1 - 0.9 * limit), 30),
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
    high, low = scene.off(between(factor * allowed, 1)), scene.off(factor * allowed * 0.9)
    hours, step, span = (1, 1, 5) if burn.long == "1h" else (6, 5, 30)  # step: minutes between two values
    each = calls * step
    half, end = 30 // step, hours * 60 // step + 30 // step

    def said(ratio: float, goal: float = objective) -> str:
        times = text(ratio / (1 - goal), ".1f")
        return (
            f"checkout: its LLM calls of the last {words(hours * 3600)} failed {times} times as often as the objective "
            f"of {percent(goal)} allows, and go on failing (last {words(span * 60)}); the limit is {factor} times."
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


__all__ = ["count", "suites"]
