"""A process that is asked to stop, or leaves past its exit handlers, sends what it has: with the real programs."""

from __future__ import annotations

import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen
from textwrap import dedent

import pytest

from receiver import HANG, Receiver
from scripts import run, start

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no signals")

CALLS = "gen_ai.client.inference.usage.input_tokens"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def names(receiver: Receiver) -> Counter[str]:
    return Counter(span.name for _, span in receiver.spans())


def stopped(application: Popen[str], signum: int = signal.SIGTERM) -> int:
    """Asks the application to stop, and returns its exit status when it has."""
    application.send_signal(signum)
    application.communicate(timeout=40)
    return application.returncode


def waiting(script: str, **variables: str) -> Popen[str]:
    """Starts ``script``, which then waits for a signal, and waits until it does."""
    application = start(f"{dedent(script)}\nwait()", WAIT, **variables)
    assert application.stdout is not None
    for line in application.stdout:
        if line == "ready\n":
            return application
    raise AssertionError(application.communicate()[1])


WAIT = """
import time
def wait():
    print("ready", flush=True)
    while True: time.sleep(60)
"""


class TestSigterm:
    def test_a_script_sends_what_waits_and_ends_by_the_signal(self, receiver: Receiver) -> None:
        application = waiting("llmotel.init(); call()", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
        assert stopped(application) == -signal.SIGTERM
        assert names(receiver) == {"chat gpt-4o": 1}
        assert list(receiver.sums(CALLS).values()) == [10]

    def test_spans_of_the_applications_own_provider_are_not_lost_either(self, receiver: Receiver) -> None:
        application = waiting(
            """
            from opentelemetry import trace
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
            provider = TracerProvider()
            provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
            trace.set_tracer_provider(provider)
            llmotel.init()
            call()
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert stopped(application) == -signal.SIGTERM
        assert names(receiver) == {"chat gpt-4o": 1}

    def test_a_handler_of_the_application_is_left_alone(self, receiver: Receiver) -> None:
        out, _ = run(
            """
            import signal
            handler = lambda *_: print("theirs")
            signal.signal(signal.SIGTERM, handler)
            llmotel.init()
            print(signal.getsignal(signal.SIGTERM) is handler)
            signal.raise_signal(signal.SIGTERM)
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert out.splitlines() == ["True", "theirs"]

    def test_one_that_comes_later_can_hand_on_to_it(self, receiver: Receiver) -> None:
        application = waiting(
            """
            import signal
            llmotel.init()
            before = signal.getsignal(signal.SIGTERM)
            def handler(*arguments):
                print("theirs", flush=True)
                before(*arguments)
            signal.signal(signal.SIGTERM, handler)
            call()
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert stopped(application) == -signal.SIGTERM
        assert names(receiver) == {"chat gpt-4o": 1}

    def test_an_ignored_signal_stays_ignored(self, receiver: Receiver) -> None:
        out, _ = run(
            """
            import signal
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            llmotel.init()
            signal.raise_signal(signal.SIGTERM)
            print("alive")
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert out == "alive"

    def test_init_in_another_thread_takes_no_signal(self, receiver: Receiver) -> None:
        out, _ = run(
            """
            import signal, threading
            thread = threading.Thread(target=llmotel.init)
            thread.start(); thread.join()
            print(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert out == "True"

    @pytest.mark.parametrize("answer", [HANG, None])
    def test_an_endpoint_that_takes_nothing_does_not_keep_it_alive(self, answer: str | None) -> None:
        with Receiver(answer or 200) as receiver:
            application = waiting(
                "llmotel.init(); call()",
                OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url if answer else "http://127.0.0.1:9",
                OTEL_EXPORTER_OTLP_TIMEOUT="3600",
            )
            assert stopped(application) == -signal.SIGTERM

    def test_a_second_one_is_not_held_up(self) -> None:
        with Receiver(HANG) as receiver:
            application = waiting("llmotel.init(); call()", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
            application.send_signal(signal.SIGTERM)
            while not receiver.headers:  # the flush is under way
                threading.Event().wait(0.02)
            assert stopped(application) == -signal.SIGTERM

    def test_one_in_the_middle_of_the_end_has_its_effect_after_it(self) -> None:
        with Receiver(HANG) as receiver:
            application = start("llmotel.init(); call()", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
            while not receiver.headers:  # the exit handlers are at work
                assert application.poll() is None
                threading.Event().wait(0.02)
            application.send_signal(signal.SIGTERM)
            receiver.release()
            application.communicate(timeout=40)
            assert application.returncode == -signal.SIGTERM
            assert names(receiver) == {"chat gpt-4o": 1}

    def test_it_is_safe_while_locks_are_held_by_the_interrupted_thread(self, receiver: Receiver) -> None:
        application = waiting(
            """
            llmotel.init()
            call()
            with llmotel.setup.engine().backlog._working, llmotel.setup._lock: wait()
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert stopped(application) == -signal.SIGTERM

    @pytest.mark.parametrize("how", ["llmotel.init(exit_flush=False)", "llmotel.init(); llmotel.shutdown()"])
    def test_without_it_signal_and_exit_are_pythons(self, receiver: Receiver, how: str) -> None:
        out, _ = run(
            f"""
            import signal
            before = os._exit
            {how}
            print(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL, os._exit is before)
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert out == "True True"


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="no /proc")
class TestThreads:
    def test_none_of_llmotels_takes_signals_in_parent_or_child(self, receiver: Receiver) -> None:
        out, _ = run(
            """
            import signal
            def blocked():
                found = set()
                for thread in os.listdir("/proc/self/task"):
                    with open(f"/proc/self/task/{thread}/status") as status:
                        [mask] = [line.split()[1] for line in status if line.startswith("SigBlk")]
                    main = thread == str(os.getpid())
                    found.add(("main" if main else "other", bool(int(mask, 16) & 1 << signal.SIGTERM - 1)))
                return sorted(found)
            llmotel.init(); call(); llmotel.flush(); call()
            print(blocked(), flush=True)
            child = os.fork()
            if not child:
                call(); llmotel.flush(); call()
                print(blocked(), flush=True)
                os._exit(0)
            os.waitpid(child, 0)
            print(blocked())
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert out.splitlines() == ["[('main', False), ('other', True)]"] * 3


class TestChildren:
    def test_one_that_leaves_by_os_exit_as_rq_does(self, receiver: Receiver) -> None:
        run(
            """
            llmotel.init()
            for name in ("one", "two"):
                child = os.fork()
                if not child:
                    call(name)
                    os._exit(7)
                print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert names(receiver) == {"chat one": 1, "chat two": 1}

    def test_the_exit_status_stays(self, receiver: Receiver) -> None:
        out, _ = run(
            """
            llmotel.init()
            child = os.fork()
            if not child:
                call()
                os._exit(7)
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert out == "7"

    def test_one_that_called_nothing_sends_nothing(self, receiver: Receiver) -> None:
        run(
            """
            llmotel.init(); call(); llmotel.flush()
            child = os.fork()
            if not child: os._exit(0)
            os.waitpid(child, 0)
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert len(receiver.sums("llmotel.internal.errors")) == 1

    def test_one_that_calls_init_itself(self, receiver: Receiver) -> None:
        run(
            """
            child = os.fork()
            if not child:
                llmotel.init()
                call("child")
                os._exit(0)
            os.waitpid(child, 0)
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert names(receiver) == {"chat child": 1}

    def test_workers_of_a_pool_that_is_terminated(self, receiver: Receiver) -> None:
        out, _ = run(
            """
            import multiprocessing
            llmotel.init()
            with multiprocessing.get_context("fork").Pool(2) as pool:
                pool.map(call, ["one", "two", "three"])
                workers = list(pool._pool)
            for worker in workers: worker.join()
            print([worker.exitcode for worker in workers])
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert names(receiver) == {"chat one": 1, "chat two": 1, "chat three": 1}
        assert out == "[-15, -15]"

    def test_a_pool_of_multiprocessing_with_init_in_its_workers(self, receiver: Receiver) -> None:
        run(
            """
            import multiprocessing
            def work(name):
                llmotel.init()
                call(name)
            context = multiprocessing.get_context("fork")
            processes = [context.Process(target=work, args=(name,)) for name in ("one", "two")]
            for process in processes: process.start()
            for process in processes: process.join()
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert names(receiver) == {"chat one": 1, "chat two": 1}

    def test_executors_with_processes(self, receiver: Receiver) -> None:
        run(
            """
            from concurrent.futures import ProcessPoolExecutor
            from multiprocessing import get_context
            llmotel.init()
            with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool: list(pool.map(call, ["one", "two"]))
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert names(receiver) == {"chat one": 1, "chat two": 1}

    @pytest.mark.parametrize("how", ["pool.close()", "pool.terminate()"])
    def test_workers_of_billiard(self, receiver: Receiver, how: str) -> None:
        run(
            f"""
            from billiard import get_context
            llmotel.init()
            pool = get_context("fork").Pool(2)
            pool.map(call, ["one", "two", "three"])
            {how}
            pool.join()
            """,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )
        assert names(receiver) == {"chat one": 1, "chat two": 1, "chat three": 1}
