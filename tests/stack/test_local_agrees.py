"""One table of what happens to an application, and when each alert fires: Prometheus and ``llmotel local`` both agree
with it, minute by minute."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from llmotel.alerts.expressions import GROUNDING, OPERATION, UNPRICED, durations
from llmotel.alerts.files import files, write
from llmotel.alerts.thresholds import Thresholds
from llmotel.alerts.yamltext import dump
from llmotel.local.alerting import Alerting
from llmotel.local.batch import Batch
from llmotel.local.spans import SpanReader
from llmotel.local.store import Store
from llmotel.local.writer import Writer
from local import otlp
from local.otlp import SECOND, call

MINUTE = 60 * SECOND
START = 1_794_000_000 * SECOND
LAST = 75


class Phase(NamedTuple):
    """What happens each minute from ``first`` to ``last``: calls of each kind, and the score of the good ones."""

    first: int
    last: int
    good: int = 0
    failed: int = 0
    cancelled: int = 0
    unpriced: int = 0
    score: float | None = None


class Case(NamedTuple):
    """An application's phases, and from which minute to which an alert fires (``None``: never)."""

    what: str
    alert: str
    phases: Sequence[Phase]
    fires: tuple[int, int] | None


CASES = [
    Case("half of the calls fail for a quarter of an hour", "LLMHighErrorRate",
         [Phase(1, 20, good=10), Phase(21, 35, good=5, failed=5), Phase(36, LAST, good=10)], (26, 39)),
    Case("a few calls fail", "LLMHighErrorRate", [Phase(1, LAST, good=49, failed=1)], None),
    Case("every call of very few fails", "LLMHighErrorRate", [Phase(1, LAST, failed=3)], None),
    Case("calls are cancelled, which is no failure", "LLMHighErrorRate", [Phase(1, LAST, good=5, cancelled=5)], None),
    Case("failures stop before they are told", "LLMHighErrorRate",
         [Phase(1, 20, good=10), Phase(21, 21, good=10, failed=10), Phase(22, LAST, good=30)], None),
    Case("three quarters of an hour of failures burn the error budget", "LLMErrorBudgetBurnFast",
         [Phase(1, 5, good=20), Phase(6, 50, good=10, failed=10), Phase(51, LAST, good=20)], (13, 53)),
    Case("answers are worse grounded from now on", "LLMLowGrounding",
         [Phase(1, 10, good=5, score=0.9), Phase(11, LAST, good=5, score=0.48)], (25, LAST)),
    Case("answers are grounded well enough", "LLMLowGrounding", [Phase(1, LAST, good=5, score=0.75)], None),
    Case("too few answers are scored", "LLMLowGrounding", [Phase(1, 15, good=1, score=0.1)], None),
    Case("a model without a price is called", "LLMCostUnpriced",
         [Phase(1, 10, good=20), Phase(11, LAST, good=10, unpriced=10)], (16, LAST)),
]  # fmt: skip


def counter(case: Case, count: Callable[[Phase], float]) -> str:
    """A counter that grows by what each minute adds, as promtool writes it."""
    total, values = 0.0, ["0"]
    for minute in range(1, LAST + 1):
        total += sum(count(phase) for phase in case.phases if phase.first <= minute <= phase.last)
        values.append(f"{total:.10g}")
    return " ".join(values)


def fired_by_prometheus(promtool: Path, folder: Path, case: Case) -> subprocess.CompletedProcess[str]:
    """promtool's verdict of whether the alert fires when the case says so, and only then."""
    metric = f"{durations('latest')[0]}_count"
    labels = f'job="shop",instance="a",{OPERATION}="chat"'
    series = {
        f"{metric}{{{labels}}}": counter(case, lambda phase: phase.good + phase.unpriced),
        f'{metric}{{{labels},error_type="500",llmotel_outcome="server"}}': counter(case, lambda phase: phase.failed),
        f'{metric}{{{labels},error_type="CancelledError",llmotel_outcome="cancelled"}}': counter(
            case, lambda phase: phase.cancelled
        ),
        f'{UNPRICED}{{job="shop",instance="a"}}': counter(case, lambda phase: phase.unpriced),
        f'{GROUNDING}_count{{job="shop",instance="a"}}': counter(
            case, lambda phase: phase.good if phase.score is not None else 0
        ),
        f'{GROUNDING}_sum{{job="shop",instance="a"}}': counter(case, lambda phase: phase.good * (phase.score or 0)),
    }
    firing = f'count(ALERTS{{alertname="{case.alert}",alertstate="firing"}}) or vector(0)'
    tests = {
        "rule_files": [str(path) for path in sorted((folder / "prometheus" / "rules").glob("*.yaml"))],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [
                    {
                        "expr": firing,
                        "eval_time": f"{minute}m",
                        "exp_samples": [{"labels": "{}", "value": int(expected(case, minute))}],
                    }
                    for minute in range(1, LAST + 1)
                ],
            }
        ],
    }
    file = folder / "case.yaml"
    file.write_text(dump(tests))
    return subprocess.run([str(promtool), "test", "rules", str(file)], capture_output=True, text=True, timeout=120)


def expected(case: Case, minute: int) -> bool:
    return case.fires is not None and case.fires[0] <= minute <= case.fires[1]


def fired_by_local(case: Case) -> list[int]:
    """The minutes at which the alert fires on the store."""
    store = Store(None)
    writer = Writer(store)
    alerting = Alerting(store, writer, environ={})
    batch, reader = Batch(), SpanReader()
    for minute in range(1, LAST + 1):
        end = START + minute * MINUTE
        made = []
        for phase in case.phases:
            if not phase.first <= minute <= phase.last:
                continue
            scored = {} if phase.score is None else {"llmotel.grounding.score": phase.score}
            for count, said, failed in (
                (phase.good, scored, None),
                (phase.failed, {"error.type": "500", "llmotel.outcome": "server"}, "500"),
                (phase.cancelled, {"error.type": "CancelledError", "llmotel.outcome": "cancelled"}, "stopped"),
                (phase.unpriced, {"gen_ai.usage.cost.currency": "EUR"}, None),
            ):
                made += [otlp.span(call(**said), start=end - SECOND, failed=failed) for _ in range(count)]
        reader.read(otlp.spans(*made), batch)
    writer.put(batch).result()
    minutes = []
    for minute in range(1, LAST + 1):
        alerting.evaluate(START + minute * MINUTE)
        with store.reader() as asked:
            states = [item["state"] for item in alerting.state(asked)["items"] if item["name"] == case.alert]
        if "firing" in states:
            minutes.append(minute)
    writer.close()
    store.close()
    return minutes


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.alert}: {case.what}")
class TestTheTable:
    def test_prometheus_fires_when_it_says(self, case: Case, program: Callable[[str], Path], tmp_path: Path) -> None:
        write(tmp_path, files(Thresholds.load({})))
        done = fired_by_prometheus(program("promtool"), tmp_path, case)
        assert done.returncode == 0, done.stdout + done.stderr

    def test_llmotel_local_fires_when_it_says(self, case: Case) -> None:
        assert fired_by_local(case) == [minute for minute in range(1, LAST + 1) if expected(case, minute)]
