"""Celery's workers: what tasks recorded arrives, however a worker or its child processes end."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from receiver import Receiver
from scripts import environment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no signals")

TASKS = """
import os, time
import llmotel
from bare import call
from celery import Celery
from celery.signals import worker_process_init
{before}
app = Celery("tasks", broker="filesystem://")
folders = {{name: os.path.join(os.getcwd(), "queue") for name in ("data_folder_in", "data_folder_out")}}
app.conf.update(broker_transport_options={{**folders, "control_folder": os.path.join(os.getcwd(), "control")}},
    worker_prefetch_multiplier=1, task_acks_late=True, worker_hijack_root_logger=False)

@app.task
def work(name):
    call(name)
    open(name + ".done", "w").close()

@app.task
def endless(name):
    call(name)
    open(name + ".done", "w").close()
    time.sleep(60)
"""

IN_PARENT = "llmotel.init()"
IN_CHILD = "worker_process_init.connect(lambda **_: llmotel.init(), weak=False)"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


class Worker:
    """A Celery worker in a folder of its own, where its broker is too."""

    def __init__(self, folder: Path, receiver: Receiver, *options: str, before: str = IN_PARENT) -> None:
        self.folder = folder
        (folder / "queue").mkdir()
        (folder / "control").mkdir()
        (folder / "tasks.py").write_text(TASKS.format(before=before))
        self.environment = environment(OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
        self.log = (folder / "log").open("w")
        command = ["-m", "celery", "-A", "tasks", "worker", "--concurrency", "2", "--without-mingle", "--without-gossip",
                   "--without-heartbeat", *options]  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, *command], cwd=folder, env=self.environment, stdout=self.log, stderr=self.log
        )

    def send(self, *tasks: tuple[str, str]) -> None:
        """Queues tasks, and waits until all of them have made their call."""
        calls = "; ".join(f"tasks.{task}.delay({name!r})" for task, name in tasks)
        subprocess.run([sys.executable, "-c", f"import tasks; {calls}"], cwd=self.folder, env=self.environment,
                       check=True, timeout=60)  # fmt: skip
        for _, name in tasks:
            while not (self.folder / f"{name}.done").exists():
                assert self.process.poll() is None, (self.folder / "log").read_text()
                threading.Event().wait(0.1)

    def stop(self, signum: int) -> None:
        self.process.send_signal(signum)
        self.process.wait(60)

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()


def names(receiver: Receiver) -> Counter[str]:
    return Counter(span.name for _, span in receiver.spans())


@pytest.mark.parametrize("before", [IN_PARENT, IN_CHILD], ids=["parent", "child"])
class TestPrefork:
    def test_a_warm_shutdown(self, tmp_path: Path, receiver: Receiver, before: str) -> None:
        with Worker(tmp_path, receiver, "--pool", "prefork", before=before) as worker:
            worker.send(("work", "one"), ("work", "two"))
            worker.stop(signal.SIGTERM)
        assert names(receiver) == {"chat one": 1, "chat two": 1}

    def test_children_that_have_done_their_tasks(self, tmp_path: Path, receiver: Receiver, before: str) -> None:
        with Worker(tmp_path, receiver, "--pool", "prefork", "--max-tasks-per-child", "1", before=before) as worker:
            worker.send(("work", "one"), ("work", "two"), ("work", "three"))
            while len(receiver.spans()) < 3:  # while the worker goes on
                assert worker.process.poll() is None
                threading.Event().wait(0.1)
            worker.stop(signal.SIGTERM)
        assert names(receiver) == {"chat one": 1, "chat two": 1, "chat three": 1}


def test_a_cold_shutdown_in_the_middle_of_tasks(tmp_path: Path, receiver: Receiver) -> None:
    with Worker(tmp_path, receiver, "--pool", "prefork") as worker:
        worker.send(("endless", "one"), ("endless", "two"))
        worker.stop(signal.SIGQUIT)
    assert names(receiver) == {"chat one": 1, "chat two": 1}


@pytest.mark.parametrize("pool", ["solo", "threads"])
def test_pools_in_the_workers_own_process(tmp_path: Path, receiver: Receiver, pool: str) -> None:
    with Worker(tmp_path, receiver, "--pool", pool) as worker:
        worker.send(("work", "one"), ("work", "two"))
        worker.stop(signal.SIGTERM)
    assert names(receiver) == {"chat one": 1, "chat two": 1}
