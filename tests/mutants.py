"""Do the tests notice? Puts plausible bugs into a copy of the code, one at a time, and runs the tests nearest to each.

    python tests/mutants.py [WORD ...]     all, or those whose name has one of the words

Each bug is a line as it is and as somebody might get it wrong. One that the tests do not notice has survived: write the
test that it lacks. One whose line has changed is out of date: say it for the new line. Both make this fail. So do tests
that fail without any bug, which would notice everything.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
COPIED = ("llmotel", "instrumentors", "tests", "benchmarks", "collector-config", "docs", "examples", "pyproject.toml",
          "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docker-compose.yml", ".env.example", "LICENSE", "Makefile")  # fmt: skip
DIALECTS = "instrumentors/llmotel_instrumentors/dialects"
PATIENCE = 300  # seconds: a bug may make a test wait for ever
PYTEST = ("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider")
SHARE = 0.95  # of the bugs has to be noticed


class Mutant(NamedTuple):
    """``line`` of ``file`` becomes ``bug``; ``tests`` are pytest's arguments. Of code that writes checked-in files,
    ``generator`` is run before, as a contributor would."""

    name: str
    file: str
    line: str
    bug: str
    tests: str
    generator: str = ""


METRICS, SPANS = "tests/contract/test_metrics.py", "tests/contract/test_crossings.py -k chat.stream+usage"
COSTS, TIMING = "tests/contract/test_costs.py", "tests/test_chunk_timing.py"
RULES = "tests/stack/test_alert_rules.py -k do_what_their_tests_say"
ALERTS, DASHBOARDS = "llmotel.alerts.generate", "llmotel.dashboards.generate"

CONTENT = "tests/test_content.py"

MUTANTS = (
    # Content.
    Mutant("equal values of other types have one key", "llmotel/content/message_cache.py",
           "found.append((kind, repr(value) if kind is float else value))", "found.append((0, value))", CONTENT),
    Mutant("lists and objects have one key", "llmotel/content/message_cache.py",
           "found.append((kind, len(value)))", "found.append(len(value))", CONTENT),
    Mutant("secrets are remembered", "llmotel/content/message_cache.py",
           "if fragment.redactions or size > self._half", "if size > self._half", CONTENT),
    Mutant("what is remembered stays after the end", "llmotel/content/message_cache.py",
           "self._young, self._old = {}, {}", "pass", CONTENT),
    Mutant("no margin behind a cut", "llmotel/content/sanitizer.py",
           "MARGIN = 256", "MARGIN = 0", CONTENT),
    Mutant("the margin is shown", "llmotel/content/sanitizer.py",
           "max(len(cleaned) - (len(shown) - length), 0)", "max(len(cleaned), 0)", CONTENT),
    Mutant("what does not fit is encoded all the same", "llmotel/content/document.py",
           "        if weight > room:\n            return None\n", "", CONTENT),
    Mutant("all that is left out is called nothing", "llmotel/content/document.py",
           "self.left_out += self._estimate.of([dict(rest)] if keyed else rest)", "pass", CONTENT),
    Mutant("the sentence at the cap is judged", "llmotel/grounding/score.py",
           "        parts.pop()", "        pass", "tests/test_grounding.py"),
    Mutant("a choice ends as the last one", "llmotel/spec/accumulator.py",
           "self._reasons[choice] = reason", "self._reasons = dict.fromkeys(range(9), reason)",
           "tests/contract/test_output_messages.py -k choice"),
    # The engine.
    Mutant("an interrupt is no cancellation of a stream", "llmotel/instrumentation/stream_observer.py",
           "(GeneratorExit, KeyboardInterrupt, asyncio.CancelledError)", "(GeneratorExit, asyncio.CancelledError)",
           "tests/contract/test_identity.py -k interrupt"),
    Mutant("trio's cancellation is an error", "llmotel/instrumentation/stream_observer.py",
           '== "Cancelled"', '== "Canceled"', "tests/test_streams.py"),
    Mutant("a dropped stream is completed", "llmotel/instrumentation/stream_observer.py",
           "self.timing, ABANDONED, ", "self.timing, COMPLETED, ", SPANS),
    Mutant("a stream read to its end is closed", "llmotel/instrumentation/stream_observer.py",
           "        self.finish(COMPLETED)\n\n    async", "        self.finish(CLOSED)\n\n    async", SPANS),
    Mutant("the first chunk is the last", "llmotel/model/chunk_timing.py",
           "self.first = self.timestamps[0]", "self.first = self.timestamps[-1]", TIMING),
    Mutant("every wait is halved", "llmotel/model/chunk_timing.py",
           "mean = total / number", "mean = total / number / 2", TIMING),
    Mutant("the wait between two blocks is lost", "llmotel/model/chunk_timing.py",
           "map(sub, timestamps, [self._last, *timestamps[:-1]])", "map(sub, timestamps[1:], timestamps)", TIMING),
    Mutant("a full backlog grows", "llmotel/engine/backlog.py",
           "if self._queue.qsize() >= _CAPACITY:", "if self._queue.qsize() >= _CAPACITY * 9:", "tests/test_backlog.py"),
    Mutant("what a full backlog drops is not counted", "llmotel/engine/backlog.py",
           "            self._on_drop()\n", "", "tests/test_backlog.py"),
    Mutant("a forked child does its parent's work", "llmotel/engine/backlog.py",
           "        backlog._reset()\n", "        pass\n", "tests/contract/test_fork.py"),
    Mutant("no room for how a call failed", "llmotel/engine/call.py",
           "if len(said) + _FAILURE > engine.attribute_limit:", "if len(said) > engine.attribute_limit:",
           "tests/test_bounds.py -k limit"),
    Mutant("a call ends at once with its first chunk", "llmotel/engine/call.py",
           "span.end(self.start_time_ns + int(self.duration * 1e9))", "span.end(self.start_time_ns)", METRICS),
    Mutant("a part of a stream passes for the whole", "llmotel/engine/call.py",
           "if not inference.complete and inference.usage is not None:", "if False:",
           "tests/contract/test_usage_source.py tests/contract/test_snapshots_anthropic.py"),
    Mutant("embeddings without a price are not counted", "llmotel/engine/engine.py",
           "if inference.usage is not None and inference.cost is None:",
           "if inference.usage is not None and inference.usage.output_tokens and inference.cost is None:", COSTS),
    Mutant("retries are no metric", "llmotel/signals/metrics.py",
           "        if call.retries:\n", "        if call.retries > 1:\n", "tests/contract/test_retries.py"),
    Mutant("audio tokens are of an unknown kind", "llmotel/signals/metrics.py",
           "if usage is not None and usage.detailed:", "if usage is None:", METRICS),
    Mutant("a failed call has no error on its duration", "llmotel/signals/metrics.py",
           "if failure is not None:\n            timed", "if failure is None:\n            timed = base\n        elif not base:\n            timed",
           METRICS),
    Mutant("a tag may have one value more", "llmotel/signals/tagging.py",
           "if len(seen) >= self.limit:", "if len(seen) > self.limit:", "tests/contract/test_tags.py"),
    Mutant("the outer tag wins", "llmotel/signals/tagging.py",
           "_some({**known, **given}", "_some({**given, **known}", "tests/contract/test_tags.py"),
    Mutant("a signal that arrives ends the loss of another", "llmotel/sdk/outage.py",
           "            if not self._failing:\n                self._told", "            if True:\n                self._told",
           "tests/test_loss.py -k Outage"),
    Mutant("a used-up balance is the caller's fault", "llmotel/model/outcome.py",
           "402: RATE_LIMIT", "402: VALIDATION", "tests/test_outcome.py"),
    Mutant("a server that fails is the caller's fault", "llmotel/model/outcome.py",
           "VALIDATION if status < 500 else SERVER", "VALIDATION if status <= 500 else SERVER", "tests/test_outcome.py"),
    # Readers and prices.
    Mutant("a filtered answer was too long", f"{DIALECTS}/responses.py",
           "content_filter", "max_output_tokens", "tests/test_responses_api.py"),
    Mutant("looking at a page is billed as a search", f"{DIALECTS}/responses.py",
           'path(item, "action", "type") in (None, "search")', 'path(item, "action") is not None',
           "tests/test_responses_api.py"),
    Mutant("Anthropic's input is without its cache", f"{DIALECTS}/messages.py",
           "uncached + (usage.cache_read or 0) + (usage.cache_write or 0)", "uncached", COSTS),
    Mutant("a cache write of an hour costs what one of minutes does", f"{DIALECTS}/messages.py",
           "    if hour:\n", "    if hour is None:\n", COSTS),
    Mutant("a stream's last usage does not count", f"{DIALECTS}/messages.py",
           '        read_usage(inference, get(event, "usage"))\n', "", "tests/contract/test_costs.py"),
    Mutant("what the caller's own key pays is no cost", f"{DIALECTS}/chat_usage.py",
           'elif get(given, "is_byok") is True:', 'elif get(given, "is_byok") is None:',
           "tests/test_compatible_hosts.py tests/contract/test_costs.py"),
    Mutant("reasoning that a host counts aside is free", f"{DIALECTS}/chat_usage.py",
           "(usage.output_tokens or 0) + usage.reasoning", "usage.output_tokens", "tests/test_compatible_hosts.py"),
    Mutant("a choice of the caller's is overruled", f"{DIALECTS}/chat_usage.py",
           'if isinstance(chosen, Mapping) and "include_usage" in chosen:', "if False:",
           "tests/contract/test_usage_source.py"),
    Mutant("a price that has ended goes on", "llmotel/prices/calculator.py",
           "self._now() >= tariff.until", "self._now() < 0", "tests/test_cost.py"),
    Mutant("an iteration beside the call is free", "llmotel/prices/calculator.py",
           "        cost.total += paid\n", "", "tests/test_messages_api.py tests/test_cost.py"),
    # Alerts.
    Mutant("a burn that is over still alerts", "llmotel/alerts/call_rules.py",
           'f"and llmotel:error_ratio:{burn.short} / on', 'f"and llmotel:error_ratio:{burn.long} / on',
           f"{RULES} -k LLMErrorBudgetBurn", ALERTS),
    Mutant("who stops an answer has met an error", "llmotel/alerts/expressions.py",
           '!="",{label(semconv.OUTCOME)}!="cancelled"\'', '!=""\'', "tests/stack/test_alert_rules.py -k LLMHighErrorRate", ALERTS),
    Mutant("one call is enough for an alert", "llmotel/alerts/call_rules.py",
           'f"and llmotel:calls:increase5m >= {limit(\'minimum_calls\')}",', '"",',
           "tests/stack/test_alert_rules.py -k LLMHighErrorRate", ALERTS),
    Mutant("the day's budget is of an hour", "llmotel/alerts/cost_rules.py",
           "growth(COST, windows.day, windows.short)", "growth(COST, windows.hour, windows.short)",
           "tests/stack/test_alert_rules.py -k LLMDailyBudget", ALERTS),
    Mutant("the forecast forgets what was spent", "llmotel/alerts/cost_rules.py",
           'f"llmotel:cost_usd:month_to_date\\n"\n               f"+ avg', 'f"avg',
           "tests/stack/test_alert_rules.py -k LLMMonthly", ALERTS),
    # Dashboards.
    Mutant("the burn is by the objective", "llmotel/dashboards/reliability.py",
           "(1 - {threshold('slo_objective')})", "({threshold('slo_objective')})", "tests/stack/test_panels.py", DASHBOARDS),
    Mutant("a share of the parts", "llmotel/dashboards/promql.py",
           '/ ({whole} > 0)"', '/ ({part} > 0)"', "tests/stack/test_panels.py", DASHBOARDS),
    Mutant("a sum for a mean", "llmotel/dashboards/promql.py",
           'return f"{total(summed, *by)} / ({total(count, *by)} > 0)"', 'return f"{total(summed, *by)}"',
           "tests/stack/test_panels.py", DASHBOARDS),
    Mutant("failures for successes", "llmotel/dashboards/reliability.py",
           "1 - {share(", "{share(", "tests/stack/test_panels.py", DASHBOARDS),
    Mutant("growth counts what was there before", "llmotel/dashboards/promql.py",
           "(last_over_time({before}) <= {least} or 0 * {least})", "0 * {least}", "tests/stack/test_panels.py", DASHBOARDS),
)  # fmt: skip


def main(words: list[str]) -> int:
    chosen = [mutant for mutant in MUTANTS if not words or any(word in mutant.name for word in words)]
    ends: dict[str, list[str]] = {"killed": [], "SURVIVED": [], "OUT OF DATE": []}
    with tempfile.TemporaryDirectory(prefix="llmotel-mutants-") as folder:
        copy = Path(folder)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / name)
        for tests in dict.fromkeys(mutant.tests for mutant in chosen):
            if run(copy, *PYTEST, *tests.split()):
                raise SystemExit(f"{tests} fails without any bug")
        for mutant in chosen:
            begun = time.monotonic()
            end = judge(mutant, copy)
            ends[end].append(mutant.name)
            print(f"{end:11} {time.monotonic() - begun:4.0f} s  {mutant.name}", flush=True)
    killed, judged = len(ends["killed"]), len(ends["killed"]) + len(ends["SURVIVED"])
    print(f"{killed} of {judged} killed, {len(ends['OUT OF DATE'])} out of date")
    return 1 if ends["OUT OF DATE"] or killed < SHARE * judged else 0


def judge(mutant: Mutant, copy: Path) -> str:
    """How the mutant ended. Of what is generated, the files are what they were again afterwards."""
    file = copy / mutant.file
    healthy = file.read_text("utf-8")
    if mutant.line not in healthy:
        return "OUT OF DATE"
    file.write_text(healthy.replace(mutant.line, mutant.bug), "utf-8")
    try:
        if mutant.generator and run(copy, "-m", mutant.generator):
            return "killed"
        return "killed" if run(copy, *PYTEST, *mutant.tests.split()) else "SURVIVED"
    finally:
        file.write_text(healthy, "utf-8")
        if mutant.generator:
            run(copy, "-m", mutant.generator)


def run(copy: Path, *arguments: str) -> int:
    """The exit status of Python on the copy; 1 when it does not end."""
    paths = os.pathsep.join(str(copy / name) for name in ("", "instrumentors"))
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=copy, env=environment, timeout=PATIENCE, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return 1
    if done.returncode > 1:  # pytest: interrupted, an error of its own, wrong use, or no tests
        raise SystemExit(f"python {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout[-2000:]}")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
