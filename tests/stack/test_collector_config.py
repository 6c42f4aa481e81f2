"""What the collector itself says of its configuration: it accepts every file in every company, and refuses clearly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from llmotel.stack.variables import BY_NAME, SCALE, SECURED, VARIABLES, of
from stack.servers import CONFIG, Collector

EVERYTHING = pytest.mark.everything  # needs the components of builder-extras.yaml
EXTRA = {"clickhouse", "prometheus-remote-write"}
BACKENDS = sorted(path.stem for path in (CONFIG / "backends").glob("*.yaml"))
UNBUILT = {"s3"}  # its exporter cannot be had as a Go module here; tests/test_stack.py looks at its structure
BUILT = [name for name in BACKENDS if name not in UNBUILT]
USUAL = [name for name in BUILT if name not in EXTRA]
ALONE = [*USUAL, *(pytest.param(name, marks=EVERYTHING) for name in sorted(EXTRA))]
MIXED = (
    ("jaeger", "prometheus"),
    pytest.param(("tempo", "prometheus-remote-write", "file"), marks=EVERYTHING),
    ("grafana-cloud", "langfuse"),
    ("datadog", "debug"),
    ("honeycomb", "new-relic"),
    pytest.param(("phoenix", "clickhouse", "prometheus"), marks=EVERYTHING),
    ("elastic", "file", "jaeger"),
    ("datadog", "new-relic", "honeycomb"),
    ("jaeger", "tempo", "langfuse", "phoenix"),
    tuple(USUAL),
    pytest.param(tuple(BUILT), marks=EVERYTHING),
)
REQUIRED = {variable.name: variable.example for variable in VARIABLES if variable.required}
SECURED_VARIABLES = [variable.name for variable in of(SECURED) if variable.required]
Validate = Callable[..., tuple[int, str]]


@pytest.fixture
def validate(program: Callable[[str], Path], tmp_path: Path) -> Validate:
    """Exit status and words of ``otelcol validate`` on files of collector-config/, with the variables given."""

    def run(*files: str, **variables: str) -> tuple[int, str]:
        return Collector(program("otelcol-llmotel"), tmp_path, *files, **variables).validate()

    return run


def backend(name: str) -> str:
    return f"backends/{name}.yaml"


@pytest.mark.parametrize("name", ALONE)
def test_each_backend_is_accepted_alone(validate: Validate, name: str) -> None:
    assert validate("core.yaml", backend(name), **REQUIRED) == (0, "")


@pytest.mark.parametrize("names", MIXED, ids=" ".join)
def test_backends_are_accepted_together(validate: Validate, names: tuple[str, ...]) -> None:
    assert validate("core.yaml", *map(backend, names), **REQUIRED) == (0, "")


@pytest.mark.parametrize("names", [("jaeger", "prometheus"), ("prometheus", "jaeger")], ids=" ".join)
def test_their_order_does_not_matter(validate: Validate, names: tuple[str, ...]) -> None:
    assert validate("core.yaml", *map(backend, names)) == (0, "")


@pytest.mark.parametrize("core", ["core.yaml", "core-secured.yaml"])
def test_the_core_needs_no_backend(validate: Validate, core: str) -> None:
    assert validate(core, **REQUIRED) == (0, "")


@pytest.mark.parametrize("names", [USUAL, pytest.param(BUILT, marks=EVERYTHING)], ids=["usual", "all"])
def test_the_secured_core_takes_every_backend(validate: Validate, names: list[str]) -> None:
    assert validate("core-secured.yaml", *map(backend, names), **REQUIRED) == (0, "")


@EVERYTHING
@pytest.mark.parametrize("file", ["scale/gateway.yaml", "scale/kafka-gateway.yaml"])
def test_each_first_tier_is_accepted_by_itself(validate: Validate, file: str) -> None:
    assert validate(file, **REQUIRED) == (0, "")


@EVERYTHING
def test_the_second_tier_behind_kafka_takes_backends(validate: Validate) -> None:
    files = ("core.yaml", "scale/kafka-sampling.yaml", backend("jaeger"), backend("prometheus"))
    assert validate(*files, **REQUIRED) == (0, "")


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        pytest.param(name, variable.name, marks=[EVERYTHING] if name in EXTRA else [])
        for name in BUILT
        for variable in of(name)
        if variable.required
    ],
)
@pytest.mark.parametrize("value", [None, ""], ids=["unset", "empty"])
def test_a_variable_that_a_backend_needs_is_missed_by_name(
    validate: Validate, name: str, variable: str, value: str | None
) -> None:
    given = {key: entry for key, entry in REQUIRED.items() if key != variable}
    status, said = validate("core.yaml", backend(name), **given, **({} if value is None else {variable: value}))
    assert status == 1
    assert f"needs_{variable}: no bearer token provided" in said


@pytest.mark.parametrize("variable", SECURED_VARIABLES)
def test_a_variable_that_the_secured_core_needs_is_missed_by_name(validate: Validate, variable: str) -> None:
    status, said = validate("core-secured.yaml", **{key: entry for key, entry in REQUIRED.items() if key != variable})
    assert status == 1
    assert f"needs_{variable}: no bearer token provided" in said


@EVERYTHING
@pytest.mark.parametrize(
    ("file", "variable"),
    [
        ("scale/gateway.yaml", "LLMOTEL_STACK_SAMPLING_TIER"),
        ("scale/kafka-gateway.yaml", "KAFKA_BROKERS"),
        ("scale/kafka-sampling.yaml", "KAFKA_BROKERS"),
    ],
)
def test_a_variable_that_a_tier_needs_is_missed_by_name(validate: Validate, file: str, variable: str) -> None:
    assert BY_NAME[variable].part == SCALE
    core = ("core.yaml",) if file.endswith("sampling.yaml") else ()
    status, said = validate(*core, file)
    assert status == 1
    assert f"needs_{variable}: no bearer token provided" in said


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("LLMOTEL_STACK_KEEP_PERCENT", "most", "sampling_percentage' expected type 'float64'"),
        ("LLMOTEL_STACK_DECISION_WAIT", "soon", "decision_wait' time: invalid duration"),
        ("LLMOTEL_STACK_PENDING_TRACES", "many", "num_traces' expected type 'uint64'"),
        ("LLMOTEL_STACK_MEMORY_PERCENT", "200", "memory_limiter"),
        ("LLMOTEL_STACK_REDACT_ALSO", "(", "missing closing )"),
        ("LLMOTEL_STACK_QUEUE_ITEMS", "0", "`queue_size` must be positive"),
        ("LLMOTEL_STACK_ARCHIVE", "tape", 'references exporter "tape" which is not configured'),
        ("JAEGER_ENDPOINT", "jaeger", "address jaeger: missing port in address"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(validate: Validate, variable: str, value: str, complaint: str) -> None:
    status, said = validate("core.yaml", backend("jaeger"), **{variable: value})
    assert status == 1
    assert complaint in said


@pytest.mark.parametrize(
    ("variable", "policy"),
    [
        ("LLMOTEL_STACK_KEEP_SLOWER_THAN", "slow"),
        ("LLMOTEL_STACK_KEEP_COSTLIER_THAN", "expensive"),
        ("LLMOTEL_STACK_KEEP_GROUNDED_BELOW", "ungrounded"),
    ],
)
def test_a_threshold_that_is_no_number_stops_the_collector_instead_of_switching_its_rule_off(
    program: Callable[[str], Path], tmp_path: Path, variable: str, policy: str
) -> None:
    collector = Collector(program("otelcol-llmotel"), tmp_path, "core.yaml", **{variable: "30s"})
    with pytest.raises(AssertionError, match=f'failed to create policy evaluator for "{policy}"'):
        collector.start()


def test_a_missing_file_is_named(validate: Validate) -> None:
    status, said = validate("core.yaml", backend("jeager"))
    assert status == 1
    assert "backends/jeager.yaml: no such file or directory" in said


def test_the_backend_that_the_readme_shows_is_accepted(validate: Validate) -> None:
    text = (CONFIG / "README.md").read_text("utf-8").partition("## A backend of your own")[2]
    mine = text.partition("```yaml\n")[2].partition("```")[0]
    given = {"MINE_ENDPOINT": "https://otlp.corp.example", "MINE_TOKEN": "example"}
    assert validate("core.yaml", mine, backend("jaeger"), **given) == (0, "")
