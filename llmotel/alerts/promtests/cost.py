"""The tests of the rules about cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmotel.alerts.expressions import COST, UNPRICED, durations
from llmotel.alerts.promtests.case import (
    Case,
    Firing,
    Scene,
    Series,
    as_given,
    between,
    constant,
    later,
    percent,
    percent_of,
    selector,
    steady,
    text,
)

_STEP, _HOUR, _DAY = 30, 2, 48  # minutes, steps of so many


def suites(scene: Scene) -> dict[str, list[Case]]:
    """The cases of each alert."""
    return {
        "LLMDailyBudgetExceeded": _daily(scene),
        "LLMMonthlyBudgetForecast": _monthly(scene),
        "LLMCostUnpriced": _unpriced(scene),
    }


def _cost(job: str = "checkout", instance: str = "a", model: str = "gpt-4.1") -> str:
    return selector(COST, job=job, instance=instance, gen_ai_request_model=model)


def _daily(scene: Scene) -> list[Case]:
    budget, factor = scene["daily_budget_usd"], scene["budget_factor"]
    limit = budget * factor
    end, minute = _DAY + 4, (_DAY + 4) * _STEP

    def fires(
        spent: float, job: str = "checkout", most: float | None = None, factor: float = factor, budget: float = budget
    ) -> Sequence[Firing]:
        return [Firing({}, (
            f"LLM calls cost {text(spent, '.2f')} USD in the last day; the limit is {percent(factor)} of the daily "
            f"budget of {as_given(budget, '.2f')} USD. Most of it by {job}: "
            f"{text(spent if most is None else most, '.2f')} USD."))]  # fmt: skip

    def spending(day: float, **labels: str) -> Series:
        return {_cost(**labels): steady(day / _DAY, end)}

    high, low = scene.off(limit * 1.2), scene.off(limit * 0.95)

    def jobs(day: float) -> Series:
        """A process every hour, of which Prometheus sees its birth and one value."""
        return {_cost(instance=f"job-{hour}"): later(hour * _HOUR, f"0 {day / 24:.12g} stale") for hour in range(1, 26)}

    return [
        Case("fires", "a day's calls cost too much", spending(high), {minute: fires(high)}, _STEP),
        Case("fires", "not any more, a day after it has ended", {
            _cost(): f"{steady(high / _DAY, _DAY)} {constant(high, _DAY + 4)}"},
             {_DAY * _STEP: fires(high), (2 * _DAY + 2) * _STEP: []}, _STEP),
        Case("near miss", "a day's calls cost as much as they may", spending(low), {minute: []}, _STEP),
        Case("no data", "nothing was ever sent", {}, {minute: []}, _STEP),
        Case("first sample", "a process that is seen for the first time has spent before", {
            _cost(): later(2, constant(limit * 10, end))}, {90: [], minute: []}, _STEP),
        Case("first sample", "a new process spends it all at once", {
            _cost(): later(2, f"0 {constant(high, end)}")}, {90: fires(high)}, _STEP),
        Case("counter reset", "the process begins anew", {
            _cost(): f"{steady(high / _DAY, 20)} {steady(high / _DAY, end, high / _DAY)}"},
             {minute: fires(high)}, _STEP),
        Case("counter reset", "the process begins anew, within the budget", {
            _cost(): f"{steady(low / _DAY, 20)} {steady(low / _DAY, end, low / _DAY)}"}, {minute: []}, _STEP),
        Case("several instances", "services and models add up, and the one that spends most is named", {
            **spending(high * 0.2), **spending(high * 0.5, job="search"),
            **spending(high * 0.1, job="search", instance="b"), **spending(high * 0.2, model="claude-sonnet-4-6")},
            {minute: fires(high, "search", high * 0.6)}, _STEP),
        Case("several instances", "a process every hour, none for longer than a moment", jobs(high), {
            25 * 60: fires(high)}, _STEP),
        Case("several instances", "a process every hour, within the budget", jobs(low), {25 * 60: []}, _STEP),
        Case("threshold changed", "a larger budget", spending(high), {minute: []}, _STEP,
             {"daily_budget_usd": budget * 1.5}),
        Case("threshold changed", "a smaller budget", spending(low), {minute: fires(low, budget=budget / 2)}, _STEP,
             {"daily_budget_usd": budget / 2}),
        Case("threshold changed", "an alert at once when the budget is reached", spending(low),
             {minute: fires(low, factor=factor / 2)}, _STEP, {"budget_factor": factor / 2}),
    ]  # fmt: skip


def _monthly(scene: Scene) -> list[Case]:
    # promtool's time begins with January 1970, a month of 31 days.
    january, february = 31, 28
    given = scene["monthly_budget_usd"]
    daily = scene["daily_budget_usd"]
    budget = given or daily * january
    day = _DAY
    minute = 2 * day * _STEP

    def forecast(hour: float, pace: float) -> float:
        """At the end of the second day, after ``hour`` USD each hour, of which ``pace`` went into the average."""
        return hour * 48 + pace * 24 * 29

    def fires(usd: float, over: float = budget) -> Sequence[Firing]:
        return [Firing({}, (
            f"LLM calls will have cost {text(usd, '.2f')} USD by the end of the month if they go on as in the last 7 "
            f"days; the budget is {as_given(over, '.2f')} USD."))]  # fmt: skip

    def at(hour: float, days: int = 3, **labels: str) -> Series:
        return {_cost(**labels): steady(hour / 2, days * day)}

    unit = forecast(1, 48 / 49)  # for 1 USD an hour; the average has an hour of nothing, the one before the first
    high, low = scene.off(budget * 1.2) / unit, scene.off(budget * 0.9) / unit
    boundary = january * day
    next_month = given or daily * february
    calm = next_month * 0.5 / (february * 24)

    def case(
        situation: str, what: str, series: Series, firing: Mapping[int, Sequence[Firing]], **changed: float
    ) -> Case:
        return Case(situation, what, series, firing, _STEP, changed, 2 * _STEP)

    return [
        case("fires", "spending goes on", at(high), {minute: fires(high * unit)}),
        case("near miss", "spending goes on, slower", at(low), {minute: []}),
        case("near miss", "less than a day of spending says nothing", at(high * 10), {12 * 60: [], 22 * 60: []}),
        case("near miss", "what was spent last month is not this month's", {
            _cost(): f"{steady(high * 2, boundary - 7 * day)} "
                     f"{steady(calm / 2, 9 * day, high * 2 * (boundary - 7 * day))}"},
            {(boundary - 7 * day) * _STEP: fires(
                high * 4 * (24 * 24 + 24 * 7)), (boundary + day) * _STEP: []}),
        case("no data", "nothing was ever sent", {}, {minute: []}),
        case("first sample", "a process that is seen for the first time has spent before", {
            _cost(): later(day, constant(budget * 10, 2 * day))}, {minute: []}),
        case("counter reset", "the process begins anew, within the budget", {
            _cost(): f"{steady(low / 2, day)} {steady(low / 2, 2 * day)}"}, {minute: []}),
        case("several instances", "services add up", {**at(high / 2), **at(high / 2, job="search")},
             {minute: fires(high * unit)}),
        case("threshold changed", "a larger budget", at(high), {minute: []},
             monthly_budget_usd=budget * 1.5),
        case("threshold changed", "a smaller budget", at(low), {minute: fires(low * unit, budget / 2)},
             monthly_budget_usd=budget / 2),
    ]  # fmt: skip


def _unpriced(scene: Scene) -> list[Case]:
    limit, calls = scene["unpriced_ratio"], scene["minimum_calls"] / 2  # in 5 minutes, which is a step
    counter = f"{durations(scene.names)[0]}_count"
    high, low = scene.off(between(limit, 1)), scene.off(limit * 0.9)

    def fires(ratio: float, over: float = limit) -> Sequence[Firing]:
        return [Firing({"job": "checkout"}, (
            f"checkout: the cost of {percent_of(ratio)} of its LLM calls is unknown, over the last hour; the limit is "
            f"{percent(over)}. It spends more than the figures say."))]  # fmt: skip

    def series(called: str, unpriced: str, **labels: str) -> Series:
        own = {"job": "checkout", "instance": "a", **labels}
        return {selector(counter, **own): called, selector(UNPRICED, **own): unpriced}

    def at(ratio: float, of: float = calls, **labels: str) -> Series:
        return series(steady(of, 24), steady(of * ratio, 24), **labels)

    def case(
        situation: str, what: str, series: Series, firing: Mapping[int, Sequence[Firing]], **changed: float
    ) -> Case:
        return Case(situation, what, series, firing, 5, changed)

    return [
        case("fires", "the price of a model is not known", at(high), {5: [], 90: fires(high)}),
        case("near miss", "few calls have no price", at(low), {90: []}),
        case("near miss", "too few calls to say anything", at(1, calls / 6 * 0.8), {90: []}),
        case("no data", "nothing was ever sent", {}, {90: []}),
        case("no data", "a service without calls", at(high, 0), {90: []}),
        case("first sample", "a process that is seen for the first time had unpriced calls before", series(
            later(2, constant(calls * 500, 22)), later(2, constant(calls * 500, 22))), {15: [], 90: []}),
        case("counter reset", "the process begins anew", series(
            f"{steady(calls, 5)} {steady(calls, 18)}", f"{steady(calls * high, 5)} {steady(calls * high, 18)}"),
            {80: fires(high)}),
        case("counter reset", "the process begins anew, with few calls without price", series(
            f"{steady(calls, 5)} {steady(calls, 18)}", f"{steady(calls * low, 5)} {steady(calls * low, 18)}"),
            {30: [], 80: []}),
        case("several instances", "the calls of two processes add up", {
            **at(high, calls / 2), **at(high, calls / 2, instance="b")}, {90: fires(high)}),
        case("several instances", "one process without a price among many with", {
            **at(low * 2, calls / 2), **at(0, calls / 2, instance="b")}, {90: []}),
        case("threshold changed", "more may be without a price", at(high), {90: []},
             unpriced_ratio=(high + 1) / 2),
        case("threshold changed", "fewer may be without a price", at(low), {90: fires(low, low / 2)},
             unpriced_ratio=low / 2),
    ]  # fmt: skip


__all__ = ["suites"]
