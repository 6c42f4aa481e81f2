"""``python -m benchmarks.series``: how many Prometheus series one process makes, by models, tenants and features.

Real calls of the openai client to the provider server on loopback, metrics in memory, and each data point counted as
the series that Prometheus keeps of it: one of a counter or gauge, one per bucket and three more of a histogram (+Inf,
sum, count).
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

KINDS = ("chat", "stream", "error")
CASES = (
    # kinds of call, models, tenants, features
    (("chat",), 1, 1, 1),
    (("chat",), 10, 1, 1),
    (("chat",), 1, 10, 1),
    (("chat",), 10, 10, 1),
    (("chat",), 10, 10, 3),
    (("chat", "stream"), 1, 1, 1),
    (("chat", "stream"), 10, 10, 1),
    (("chat", "stream", "error"), 1, 1, 1),
    (("chat", "stream", "error"), 10, 10, 1),
)


def measured(kinds: tuple[str, ...], models: int, tenants: int, features: int, semconv: str) -> tuple[int, int]:
    """The series of one process that makes each kind of call with each model for each tenant and feature: those that
    grow with them, and those of the process."""
    import openai
    from opentelemetry import metrics
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    import llmotel
    from llmotel.testing import ProviderServer

    reader = InMemoryMetricReader()
    metrics.set_meter_provider(MeterProvider([reader]))
    with tempfile.TemporaryDirectory() as folder, ProviderServer() as server:
        prices = Path(folder, "prices.toml")
        prices.write_text('[[price]]\nmodel = "*"\ninput = 1.0\noutput = 2.0\n', "utf-8")
        llmotel.init(
            traces_exporter="none", logs_exporter="none", prices=str(prices), metric_tags=("tenant", "feature"),
            metric_tag_values=1000, stream_usage="inject", semconv=semconv,
        )  # fmt: skip
        with openai.OpenAI(api_key="any", base_url=server.openai_url, max_retries=0) as client:
            for model, tenant, feature in itertools.product(range(models), range(tenants), range(features)):
                with llmotel.tags(tenant=f"tenant-{tenant}", feature=f"feature-{feature}"):
                    for kind in kinds:
                        _call(client, server, kind, f"gpt-4.1-{model}")
        llmotel.flush()
        found = list(_series(reader))
        llmotel.shutdown()
    grown = sum(number for number, own in found if not own)
    return grown, sum(number for number, own in found if own)


def _call(client: object, server: object, kind: str, model: str) -> None:
    import openai

    from llmotel.testing import Reply

    assert isinstance(client, openai.OpenAI)
    messages = [{"role": "user", "content": "Hello!"}]
    if kind == "error":
        server.script(Reply({"error": {"message": "slow down"}}, status=429))  # type: ignore[attr-defined]
        try:
            client.chat.completions.create(model=model, messages=messages)  # type: ignore[call-overload]
        except openai.RateLimitError:
            return
        raise AssertionError("the provider server was to refuse")
    made = client.chat.completions.create(  # type: ignore[call-overload]
        model=model, messages=messages, stream=kind == "stream"
    )
    if kind == "stream":
        for _ in made:
            pass


def _series(reader: object) -> Iterator[tuple[int, bool]]:
    """Series of each data point, and whether they are the process's own, whatever it calls."""
    data = reader.get_metrics_data()  # type: ignore[attr-defined]
    for resource in data.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in metric.data.data_points:
                    bounds = getattr(point, "explicit_bounds", None)
                    number = 1 if bounds is None else len(bounds) + 3
                    yield number, "gen_ai.request.model" not in point.attributes


def main() -> None:
    """Prints the table."""
    print("| Calls | Models | Tenants | Features | Series, latest | legacy | dup | Per combination, latest |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for kinds, models, tenants, features in CASES:
        cells, each = [], 0.0
        for semconv in ("latest", "legacy", "dup"):  # a process each: providers are set once
            arguments = [",".join(kinds), str(models), str(tenants), str(features), semconv]
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.series", *arguments], capture_output=True, text=True, check=True
            )
            grown, own = map(int, done.stdout.split())
            cells.append(f"{grown + own:,}")
            if semconv == "latest":
                each = grown / (models * tenants * features)
        print(
            f"| {', '.join(kinds)} | {models} | {tenants} | {features} | {' | '.join(cells)} | {each:.0f} |", flush=True
        )


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        chosen, *numbers, generation = sys.argv[1:]
        print(*measured(tuple(chosen.split(",")), *map(int, numbers), generation))  # type: ignore[call-arg]
