"""The tests of the rules about grounding."""

from __future__ import annotations

from collections.abc import Sequence

from llmotel.alerts.expressions import GROUNDING, MODEL
from llmotel.alerts.promtests.case import (
    Case,
    Firing,
    Scene,
    Series,
    as_given,
    between,
    constant,
    later,
    selector,
    steady,
    text,
)

_STEP = 30  # minutes, of the tests that last a week


def suites(scene: Scene) -> dict[str, list[Case]]:
    """The cases of each alert."""
    return {
        "LLMLowGrounding": _low(scene, ""),
        "LLMLowGroundingOfModel": _low(scene, "gpt-4.1"),
        "LLMGroundingRegression": _regression(scene),
    }


def _scores(count: str, total: str, **labels: str) -> Series:
    own = {"job": "checkout", "instance": "a", "gen_ai_request_model": "gpt-4.1", **labels}
    return {selector(f"{GROUNDING}_count", **own): count, selector(f"{GROUNDING}_sum", **own): total}


def _low(scene: Scene, model: str) -> list[Case]:
    limit, target = scene["grounding_minimum"], scene["grounding_target"]
    answers = scene["minimum_calls"] / 20  # a minute
    low, high = scene.off(limit * 0.8), scene.off(limit * 1.02)
    of_model = f" of {model}" if model else ""
    labels = {"job": "checkout", **({MODEL: model} if model else {})}

    def fires(score: float, over: float = limit, goal: float = target) -> Sequence[Firing]:
        answered = f"the answers{of_model}" if model else "its answers"
        return [Firing(labels, (
            f"checkout: the average grounding score of {answered} was {text(score, '.4g')} in the last 30 minutes; the "
            f"limit is {as_given(over)}, the target {as_given(goal)}."))]  # fmt: skip

    def at(score: float, of: float = answers, **labels: str) -> Series:
        return _scores(steady(of, 60), steady(of * score, 60), **labels)

    def anew(score: float) -> Series:
        return _scores(f"{steady(answers, 29)} {steady(answers, 60)}",
                       f"{steady(answers * score, 29)} {steady(answers * score, 60)}")  # fmt: skip

    good = between(high, 1)
    among = {**at(low), **at(good, answers * 20, gen_ai_request_model="claude-sonnet-4-6")}
    return [
        Case("fires", "answers say what no source says", at(low), {4: [], 45: fires(low)}),
        *([Case("fires", "a model that is bad among many good answers of another", among, {45: fires(low)})] if model
          else [Case("near miss", "a model that is bad among many good answers of another", among, {45: []})]),
        Case("near miss", "answers are just as good as they must be", at(high), {45: []}),
        Case("near miss", "too few answers to say anything", at(low, answers * 20 / 30 * 0.8), {45: []}),
        Case("no data", "nothing was ever sent", {}, {45: []}),
        Case("no data", "no answer had a score", at(low, 0), {45: []}),
        Case("first sample", "a process that is seen for the first time had bad answers before", _scores(
            later(10, constant(answers * 500, 50)), later(10, constant(answers * 5, 50))), {12: [], 45: []}),
        Case("counter reset", "a process with bad answers begins anew", anew(low), {50: fires(low)}),
        Case("counter reset", "a process with good answers begins anew", anew(high), {31: [], 50: []}),
        Case("several instances", "the answers of two processes have one average", {
            **at(low, answers * 0.75), **at(low, answers * 0.75, instance="b")}, {45: fires(low)}),
        Case("several instances", "one process of many has bad answers", {
            **at(low, answers), **at(good, answers * 20, instance="b")}, {45: []}),
        Case("threshold changed", "answers may be worse", at(low), {45: []}, changed={"grounding_minimum": low * 0.9}),
        Case("threshold changed", "answers must be better, and the text names the new target", at(high), {
            45: fires(high, good, (1 + good) / 2)},
            changed={"grounding_minimum": good, "grounding_target": (1 + good) / 2}),
    ]  # fmt: skip


def _regression(scene: Scene) -> list[Case]:
    limit = scene["grounding_regression"]
    answers = scene["minimum_calls"] / 2 * 1.2  # in half an hour, which is a step
    week = 7 * 24 * 2
    now = (week + 12) * _STEP

    def weeks(before: float, after: float) -> str:
        """A counter that grows by so much each step, for six hours a week ago and from then on now."""
        return f"{steady(before, 12)} _x{week - 13} {steady(after, 12, before * 12 + after)}"

    def changing(old: float, new: float, of: float = answers, old_of: float = answers) -> Series:
        return _scores(weeks(old_of, of), weeks(old_of * old, of * new))

    def case(situation: str, what: str, series: Series, firing: Sequence[Firing] = (), **changed: float) -> Case:
        return Case(situation, what, series, {now: firing}, _STEP, changed, 6 * _STEP)

    def fires(fall: float, over: float = limit) -> Sequence[Firing]:
        return [Firing({"job": "checkout"}, (
            f"checkout: the average grounding score of its answers is {text(fall, '.4g')} lower than at the same hour "
            f"last week; the limit is {as_given(over)}."))]  # fmt: skip

    far, near = scene.off(between(limit, 1)), scene.off(limit * 0.8)
    worse = changing(1, 1 - far)
    return [
        case("fires", "answers are worse than a week ago", worse, fires(far)),
        case("near miss", "answers are worse, but not by that much", changing(1, 1 - near)),
        case("near miss", "answers are better than a week ago", changing(1 - far, 1)),
        case("near miss", "too few answers this week", changing(1, 1 - far, answers / 2)),
        case("near miss", "too few answers last week", changing(1, 1 - far, old_of=answers / 2)),
        case("no data", "nothing was ever sent", {}),
        case("no data", "no week ago", _scores(later(week, steady(answers, 12)), later(week, steady(0, 12)))),
        case("first sample", "a process that is seen for the first time had bad answers before", {
            **changing(1, 1),
            **_scores(later(week, constant(answers * 9999, 12)), later(week, constant(1, 12)), instance="b")}),
        case("counter reset", "the process begins anew", _scores(*(
            f"{steady(old, 12)} _x{week - 13} {steady(new, 11)} {steady(new, 3, new)}"
            for old, new in ((answers, answers), (answers, answers * (1 - far))))), fires(far)),
        case("several instances", "the processes of the week before are gone", {
            **_scores(steady(answers, 12), steady(answers, 12)),
            **_scores(later(week, steady(answers / 2, 12)), later(week, steady(answers / 2 * (1 - far), 12)),
                      instance="b"),
            **_scores(later(week, steady(answers / 2, 12)), later(week, steady(answers / 2 * (1 - far), 12)),
                      instance="c")}, fires(far)),
        case("threshold changed", "answers may get worse", worse, grounding_regression=(far + 1) / 2),
        case("threshold changed", "answers may get less worse", changing(1, 1 - near), fires(near, near / 2),
             grounding_regression=near / 2),
    ]  # fmt: skip


__all__ = ["suites"]
