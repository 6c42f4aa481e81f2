"""The examples run as a user runs them, in processes of their own, and show what they promise."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest

from receiver import Receiver
from scripts import environment

EXAMPLES = Path(__file__).parent.parent / "examples"


def run(*command: str, **variables: str) -> str:
    """What ``python COMMAND`` prints, on either stream; it must end well."""
    done = subprocess.run(
        [sys.executable, *command],
        env=environment(**variables),
        cwd=EXAMPLES.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def rows(table: str) -> dict[str, list[str]]:
    """The lines of a table by their first cell."""
    return {cells[0]: cells[1:] for line in table.splitlines() if (cells := re.split(r"  +", line))}


class TestTheDemo:
    def test_it_ends_with_a_trace_tree_and_a_table_per_model(self) -> None:
        shown = run("examples/demo.py")
        _, tree, models, features, last = shown.strip().split("\n\n", 1)[1].split("\n\n")
        assert re.search(
            r"answer .*\n├─ retrieve .*\n│  └─ embeddings text-embedding-3-small .*\n└─ chat gpt-4.1-mini", tree
        )
        assert re.search(
            r"invoke_agent seller .*\n├─ chat gpt-4.1 .*\n├─ execute_tool check_stock .*\n└─ chat gpt-4.1 ", tree
        )
        assert re.search(
            r"invoke_agent dispatcher .*NoCourierError\n└─ execute_tool book_courier .*NoCourierError", tree
        )
        assert re.search(r"cite .*\n└─ chat claude-haiku-4-5 .*ok +0\.\d\d\n", tree)
        assert re.search(r"└─ chat gpt-3 .*validation", tree)
        by_model = rows(models)
        assert {model: cells[:3] for model, cells in by_model.items()} == {
            "model": ["calls", "errors", "retries"],
            "claude-haiku-4-5": ["1", "0", "0"],
            "claude-sonnet-4-6": ["3", "0", "0"],
            "gpt-3": ["1", "1", "0"],
            "gpt-4.1": ["5", "0", "0"],
            "gpt-4.1-mini": ["30", "0", "2"],
            "text-embedding-3-small": ["10", "0", "0"],
            "all": ["50", "1", "2"],
        }
        assert rows(features)["all"] == by_model["all"]
        assert re.match(r"Its calls, with what was said, are at http://127.0.0.1:\d+ until Ctrl-C", last)

    def test_it_sends_everything_to_a_collector_if_there_is_one(self) -> None:
        with Receiver() as receiver:
            shown = run("examples/demo.py", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
            assert f"Sent to {receiver.url}" in shown
            calls = [span for resource, span in receiver.spans() if resource["service.name"] == "llmotel-demo"]
            earned = receiver.by_attribute("llmotel.feature.value.usd", "llmotel.feature")
            assert earned == pytest.approx(
                {"support": 0.012, "mailbox": 0.00024, "chat": 0.003, "orders": 12.5, "advice": 1.5}
            )
            assert receiver.by_attribute("llmotel.circuit_breaker.state", "llmotel.circuit_breaker.name") == {
                "gpt-3": 2
            }
            assert {"gen_ai.invoke_agent.duration", "gen_ai.execute_tool.duration", "llmotel.client.retries"} < (
                receiver.metric_names()
            )
        assert sum(span.name.startswith(("chat", "embeddings")) for span in calls) == 50


def test_the_quick_start_prints_a_line_per_call() -> None:
    shown = run("examples/quickstart.py")
    assert re.search(r"llmotel: gpt-4.1-mini  \d+ in  \d+ out  \$\S+  .* s  ok", shown)
    assert re.search(r"llmotel: gpt-4.1  .* first chunk .* s  ok", shown)
    assert re.search(r"llmotel: text-embedding-3-small  .* timeout", shown)


def test_tags_and_scores_are_shown() -> None:
    shown = run("examples/tags_and_quality.py")
    assert "user.id = u-18" in shown
    assert re.search(r"0\.\d+ for feature summary", shown)
    assert "2 scores, mean 0.5" in shown


def test_the_example_of_a_test_passes() -> None:
    installed = {entry.name for entry in importlib.metadata.entry_points(group="pytest11")}
    plugin = () if "llmotel" in installed else ("-p", "llmotel.testing.plugin")
    shown = run("-m", "pytest", *plugin, "-p", "no:cacheprovider", "examples/test_with_llm_calls.py")
    assert "3 passed" in shown


def test_every_example_is_run_here() -> None:
    run_here = {"demo.py", "report.py", "quickstart.py", "tags_and_quality.py", "test_with_llm_calls.py"}
    assert {path.name for path in EXAMPLES.glob("*.py")} == run_here
