"""Rules about how well answers are grounded."""

from __future__ import annotations

from llmotel.alerts.expressions import GROUNDING, MODEL, WHO, increase, limit, mean, sum_by
from llmotel.alerts.rule import NUMBER, WARNING, WHO_TEXT, Alert, Record, shown, threshold_text
from llmotel.alerts.windows import Windows, duration, words

_PAGE, _DASHBOARD = "quality", "llmotel-quality"
_COUNT = f"{GROUNDING}_count"


def records(windows: Windows) -> list[Record]:
    """Average scores and how many answers they stand on."""
    by_model = (*WHO, MODEL)
    return [
        Record("llmotel:scored_answers:increase30m", sum_by(WHO, increase([_COUNT], windows.half_hour))),
        Record("llmotel:grounding:mean30m", mean([GROUNDING], WHO, windows.half_hour)),
        Record("llmotel:model_scored_answers:increase30m", sum_by(by_model, increase([_COUNT], windows.half_hour))),
        Record("llmotel:model_grounding:mean30m", mean([GROUNDING], by_model, windows.half_hour)),
        Record("llmotel:scored_answers:increase1h", sum_by(WHO, increase([_COUNT], windows.hour))),
        Record("llmotel:grounding:mean1h", mean([GROUNDING], WHO, windows.hour)),
    ]


def alerts(windows: Windows) -> list[Alert]:
    """Scores below the minimum, of a service and of each of its models, and below last week's."""
    week = duration(windows.week)
    enough = limit("minimum_calls")
    limits = f"the limit is {threshold_text('grounding_minimum')}, the target {threshold_text('grounding_target')}."
    return [
        Alert(
            "LLMLowGrounding",
            f"llmotel:grounding:mean30m < {limit('grounding_minimum')}\n"
            f"and llmotel:scored_answers:increase30m >= {enough}",
            windows.ticket_after, WARNING,
            f"{WHO_TEXT}: the average grounding score of its answers was {shown(NUMBER)} in the last "
            f"{words(windows.half_hour)}; {limits}",
            _PAGE, _DASHBOARD,
        ),
        Alert(
            "LLMLowGroundingOfModel",
            f"llmotel:model_grounding:mean30m < {limit('grounding_minimum')}\n"
            f"and llmotel:model_scored_answers:increase30m >= {enough}",
            windows.ticket_after, WARNING,
            f"{WHO_TEXT}: the average grounding score of the answers of {{{{ $labels.{MODEL} }}}} was {shown(NUMBER)} "
            f"in the last {words(windows.half_hour)}; {limits}",
            _PAGE, _DASHBOARD,
        ),
        Alert(
            "LLMGroundingRegression",
            f"llmotel:grounding:mean1h offset {week} - llmotel:grounding:mean1h\n"
            f"  > {limit('grounding_regression')}\n"
            f"and llmotel:scored_answers:increase1h >= {enough}\n"
            f"and llmotel:scored_answers:increase1h offset {week} >= {enough}",
            windows.trend_after, WARNING,
            f"{WHO_TEXT}: the average grounding score of its answers is {shown(NUMBER)} lower than at the same hour "
            f"last week; the limit is {threshold_text('grounding_regression')}.",
            _PAGE, _DASHBOARD,
        ),
    ]  # fmt: skip


__all__ = ["alerts", "records"]
