"""Processes that multiprocessing starts anew record without a line of their own, where that means the same as in their
parent."""

from __future__ import annotations

import os
import site
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from receiver import Receiver
from scripts import environment

METHODS = [
    "spawn",
    pytest.param("forkserver", marks=pytest.mark.skipif(sys.platform == "win32", reason="no forkserver")),
]

# A child imports the script too, as another module than __main__.
SCRIPT = """
import multiprocessing, sys
import llmotel
from bare import call
{module}

def work(name):
    call(name)
    return name

if __name__ == "__main__":
    {init}
    context = multiprocessing.get_context({method!r})
    {body}
"""
PROCESS = "process = context.Process(target=work, args=('child',)); process.start(); process.join(); sys.exit(process.exitcode)"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def ran(
    folder: Path, receiver: Receiver, method: str, body: str = PROCESS, init: str = "llmotel.init()", module: str = "",
    flags: tuple[str, ...] = (), **variables: str,
) -> str:  # fmt: skip
    script = folder / "script.py"
    script.write_text(SCRIPT.format(method=method, body=body, init=init, module=module))
    done = subprocess.run(
        [sys.executable, *flags, script], env=environment(OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url, **variables),
        cwd=folder, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stderr


def names(receiver: Receiver) -> Counter[str]:
    return Counter(span.name for _, span in receiver.spans())


@pytest.mark.parametrize("method", METHODS)
class TestRecorded:
    def test_a_process(self, tmp_path: Path, receiver: Receiver, method: str) -> None:
        init = "llmotel.init(service_name='checkout', resource_attributes={'team': 'search'}); call('parent')"
        err = ran(tmp_path, receiver, method, init=init)
        assert names(receiver) == {"chat parent": 1, "chat child": 1}
        assert {(resource["service.name"], resource["team"]) for resource, _ in receiver.spans()} == {
            ("checkout", "search")
        }
        assert len({resource["service.instance.id"] for resource, _ in receiver.spans()}) == 2
        assert not err

    def test_a_pool_that_is_terminated(self, tmp_path: Path, receiver: Receiver, method: str) -> None:
        body = "pool = context.Pool(1); pool.map(work, ['one', 'two']); pool.terminate(); pool.join()"
        ran(tmp_path, receiver, method, body)
        assert names(receiver) == {"chat one": 1, "chat two": 1}

    def test_an_executor(self, tmp_path: Path, receiver: Receiver, method: str) -> None:
        body = "from concurrent.futures import ProcessPoolExecutor as Pool; list(Pool(1, context).map(work, ['one', 'two']))"
        ran(tmp_path, receiver, method, body)
        assert names(receiver) == {"chat one": 1, "chat two": 1}

    def test_a_call_of_init_that_runs_in_the_child_as_well(
        self, tmp_path: Path, receiver: Receiver, method: str
    ) -> None:
        err = ran(tmp_path, receiver, method, module="llmotel.init(service_name='checkout')", init="pass")
        assert names(receiver) == {"chat child": 1}
        assert not err


class TestNotRecorded:
    @pytest.mark.parametrize(
        ("init", "variables"),
        [
            ("llmotel.init(child_processes=False)", {}),
            ("llmotel.init()", {"LLMOTEL_CHILD_PROCESSES": "false"}),
            ("llmotel.init(); llmotel.shutdown()", {}),
            ("llmotel.init(capture_content=True, redactor=str.upper)", {}),
            ("from opentelemetry.sdk.trace import TracerProvider; llmotel.init(tracer_provider=TracerProvider())", {}),
        ],
        ids=["argument", "variable", "shutdown", "a function", "a provider"],
    )
    def test_where_it_is_off_or_would_mean_something_else(
        self, tmp_path: Path, receiver: Receiver, init: str, variables: dict[str, str]
    ) -> None:
        err = ran(tmp_path, receiver, "spawn", init=init, **variables)
        assert not names(receiver)
        assert not err

    def test_a_child_that_cannot_import_llmotel_starts_all_the_same(self, tmp_path: Path, receiver: Receiver) -> None:
        # -S: nothing is found but by sys.path, which a child has from its parent after the first things it reads.
        packages = os.pathsep.join([environment()["PYTHONPATH"], *site.getsitepackages()])
        body = "import os; del os.environ['PYTHONPATH']; " + PROCESS
        err = ran(tmp_path, receiver, "spawn", body, flags=("-S",), PYTHONPATH=packages)
        assert not names(receiver)
        assert not err

    def test_an_error_of_init_is_one_line_and_the_child_starts(self, tmp_path: Path, receiver: Receiver) -> None:
        body = "import os; os.environ['LLMOTEL_SEMCONV'] = 'newest'; " + PROCESS
        err = ran(tmp_path, receiver, "spawn", body)
        assert "llmotel: this child process records nothing: ConfigurationError: LLMOTEL_SEMCONV='newest'" in err
