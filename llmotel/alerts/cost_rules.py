"""Rules about what calls cost."""

from __future__ import annotations

from llmotel.alerts.expressions import COST, JOB, UNPRICED, WHO, block, growth, increase, limit, sum_by
from llmotel.alerts.rule import CENTS, PERCENT, WARNING, WHO_TEXT, Alert, Record, first_of, shown, threshold_text
from llmotel.alerts.windows import Windows, duration, words

_PAGE, _DASHBOARD = "cost", "llmotel-cost"


def records(windows: Windows) -> list[Record]:
    """Spending of a day, of the month so far, and of the month as it will be if it goes on."""
    hour, week, month = duration(windows.hour), duration(windows.week), duration(windows.month)
    per_hour = "llmotel:cost_usd:increase1h"
    # A step of the subquery stands for the hour before it; the month is that of the hour's middle. Months are UTC.
    of_this_month = (
        f"{per_hour}\n"
        f"and on () (\n"
        f"  month(vector(time() - {windows.hour / 2:g})) == last_over_time(month()[1m:1m] @ end())\n"
        f")"
    )
    days_left = "(days_in_month() + 1 - day_of_month() - time() % 86400 / 86400)"
    return [
        Record("llmotel:service_cost_usd:increase1d", sum_by(WHO, growth(COST, windows.day, windows.short))),
        Record("llmotel:cost_usd:increase1d", "sum(llmotel:service_cost_usd:increase1d)"),
        Record(per_hour, f"sum {block(growth(COST, windows.hour, windows.short))} or vector(0)"),
        Record("llmotel:cost_usd:month_to_date",
               f"sum_over_time({block(of_this_month)}[{month}:{hour}]) or vector(0)"),
        Record("llmotel:cost_usd:month_forecast",
               f"llmotel:cost_usd:month_to_date\n"
               f"+ avg_over_time({per_hour}[{week}:{hour}]) * {86_400 / windows.hour:g} * {days_left}\n"
               f"and count_over_time({per_hour}[{week}:{hour}]) >= {windows.forecast_hours}"),
    ]  # fmt: skip


def alerts(windows: Windows) -> list[Alert]:
    """The day's budget and the month's."""
    spender = first_of(
        "topk(1, llmotel:service_cost_usd:increase1d)",
        f" Most of it by {{{{ . | label \"{JOB}\" }}}}: {{{{ . | value | {CENTS} }}}} USD.",
    )  # fmt: skip
    return [
        Alert(
            "LLMDailyBudgetExceeded",
            "llmotel:cost_usd:increase1d\n"
            "  > on () (llmotel:threshold:daily_budget_usd * on () llmotel:threshold:budget_factor)",
            0, WARNING,
            f"LLM calls cost {shown(CENTS)} USD in the last {words(windows.day)}; the limit is "
            f"{threshold_text('budget_factor', PERCENT)} of the daily budget of "
            f"{threshold_text('daily_budget_usd', CENTS)} USD.{spender}",
            _PAGE, _DASHBOARD, by_service=False,
        ),
        Alert(
            "LLMMonthlyBudgetForecast",
            "llmotel:cost_usd:month_forecast > on () llmotel:threshold:monthly_budget_usd",
            windows.trend_after, WARNING,
            f"LLM calls will have cost {shown(CENTS)} USD by the end of the month if they go on as in the last "
            f"{words(windows.week)}; the budget is {threshold_text('monthly_budget_usd', CENTS)} USD.",
            _PAGE, _DASHBOARD, by_service=False,
        ),
    ]  # fmt: skip


def pricing_records(windows: Windows) -> list[Record]:
    """Calls whose cost nobody knows. Evaluated with those about calls, on which :func:`pricing_alerts` stands."""
    return [Record("llmotel:unpriced_calls:increase1h", sum_by(WHO, increase([UNPRICED], windows.hour)))]


def pricing_alerts(windows: Windows) -> list[Alert]:
    """Too many calls without a cost."""
    return [
        Alert(
            "LLMCostUnpriced",
            f"llmotel:unpriced_calls:increase1h / (llmotel:calls:increase1h > 0)\n"
            f"  > {limit('unpriced_ratio')}\n"
            f"and llmotel:calls:increase1h >= {limit('minimum_calls')}",
            windows.ticket_after, WARNING,
            f"{WHO_TEXT}: the cost of {shown(PERCENT)} of its LLM calls is unknown, over the last "
            f"{words(windows.hour)}; the limit is {threshold_text('unpriced_ratio', PERCENT)}. It spends more than the "
            f"figures say.",
            _PAGE, _DASHBOARD,
        ),
    ]  # fmt: skip


__all__ = ["alerts", "pricing_alerts", "pricing_records", "records"]
