"""An endpoint that takes nothing: memory stays bounded, what is lost is counted, and told of once."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator

import pytest

import llmotel
from bare import call
from llmotel.diagnostics import doctor
from llmotel.sdk.outage import Outage, install_log_filter
from llmotel.sdk.queue_capacity import QueueCapacity
from receiver import GARBAGE, HANG, Receiver
from scripts import run, start

LOST = "llmotel.export.lost"
NOBODY = "http://127.0.0.1:9"

# Each round is a call, with its span, event and metrics, and 24 spans of the application's own.
MANY = """
import gc, time
from opentelemetry import trace
def lost(): return {row.signal: row.lost for row in llmotel.status().signals}
def many(rounds):
    tracer = trace.get_tracer("application")
    for number in range(rounds):
        call()
        for _ in range(24): tracer.start_span("work").end()
        if number % 20 == 0: time.sleep(0.02)
def blocks():
    llmotel.setup.engine().flush()
    gc.collect()
    return sys.getallocatedblocks()
"""


class TestAnEndpointThatIsDownForGood:
    @pytest.mark.parametrize("answer", [None, HANG])
    def test_memory_stays_bounded(self, answer: str | None) -> None:
        with Receiver(answer or 200) as receiver:
            out, _ = run(
                """
                llmotel.init(events=True, metric_interval=500, bsp_max_queue_size=256, blrp_max_queue_size=64)
                while not all(lost().get(signal) for signal in ("traces", "logs", "metrics")):
                    many(20)  # what a failed export loads stays, once
                before = blocks()
                many(500)
                print(blocks() - before)
                os._exit(0)
                """,
                MANY,
                OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url if answer else NOBODY, OTEL_EXPORTER_OTLP_TIMEOUT="0.5",
            )  # fmt: skip
        assert int(out) < 30_000, "12,500 spans take 275,000 blocks, full queues 10,000"

    @pytest.mark.parametrize("answer", [None, 503, 400, HANG, GARBAGE])
    def test_what_is_lost_is_counted_and_told_once(self, answer: int | str | None) -> None:
        with Receiver(answer or 200) as receiver:
            out, err = run(
                """
                llmotel.init(events=True, metric_interval=500, bsp_max_queue_size=256, blrp_max_queue_size=64)
                many(400)
                llmotel.setup.engine().flush()
                while not lost()["metrics"]: time.sleep(0.1)
                print(lost()["traces"], lost()["logs"], lost()["metrics"])
                os._exit(0)
                """,
                MANY,
                OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url if answer else NOBODY, OTEL_EXPORTER_OTLP_TIMEOUT="0.5",
            )  # fmt: skip
        traces, logs, metrics = map(int, out.split())
        # What still waits is not lost yet: as much as the queue holds, and as much in an export.
        assert 10_000 - 512 <= traces <= 10_000
        assert 400 - 128 <= logs <= 400
        assert metrics >= 1
        ours = [line for line in err.splitlines() if line.startswith("llmotel: ")]
        assert len(ours) == 1, err
        assert "are lost" in ours[0]
        assert "told once, counted in llmotel.export.lost" in ours[0]
        theirs = [line for line in err.splitlines() if line.startswith("opentelemetry")]
        assert len(theirs) <= 1, err

    def test_grpc_is_told_of_once_too(self) -> None:
        _, err = run(
            """
            llmotel.init(events=True, metric_interval=200, bsp_schedule_delay=50, blrp_schedule_delay=50)
            many(100)
            while not lost()["metrics"]: time.sleep(0.1)
            print(lost())
            os._exit(0)
            """,
            MANY,
            OTEL_EXPORTER_OTLP_ENDPOINT=NOBODY, OTEL_EXPORTER_OTLP_PROTOCOL="grpc", OTEL_EXPORTER_OTLP_TIMEOUT="0.3",
        )  # fmt: skip
        assert len(re.findall("^llmotel: ", err, re.MULTILINE)) == 1, err
        assert len(re.findall("^opentelemetry", err, re.MULTILINE)) <= 1, err

    def test_an_exporter_that_raises_is_told_of_by_its_type_and_costs_no_more_than_its_batch(self) -> None:
        with Receiver() as receiver:
            out, err = run(
                """
                llmotel.init(events=True)
                from opentelemetry.exporter.otlp.proto.http import trace_exporter
                def export(self, spans): raise ValueError("the prompt was: hunter2")
                trace_exporter.OTLPSpanExporter.export = export
                for _ in range(3): call(); llmotel.flush()
                print(lost())
                """,
                MANY,
                OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
            )
        assert out == "{'traces': 3, 'metrics': 0, 'logs': 0}"
        assert "traces are lost" in err
        assert "(ValueError)" in err
        assert "hunter2" not in err
        assert len(err.splitlines()) == 1


class TestAnEndpointThatComesBack:
    def test_the_count_arrives_with_the_first_metrics_and_is_exact(self) -> None:
        with Receiver(503) as receiver:
            application = start(
                """
                llmotel.init(events=True, bsp_schedule_delay=100)
                many(200)
                while not lost()["metrics"]: llmotel.flush()
                print("down", flush=True)
                sys.stdin.readline()
                many(100)
                while not llmotel.flush(): pass
                print(lost()["traces"], lost()["logs"])
                """,
                MANY,
                OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url, OTEL_EXPORTER_OTLP_TIMEOUT="0.5",
            )  # fmt: skip
            assert application.stdout is not None
            assert application.stdout.readline() == "down\n"
            receiver.answer = 200
            out, err = application.communicate("go on\n", timeout=240)
            traces, logs = map(int, out.split())
            assert traces > 0
            assert len(receiver.spans()) + traces == 7_500
            assert len(receiver.records()) + logs == 300
            by_signal = receiver.by_attribute(LOST, "llmotel.signal")
            assert by_signal["traces"] == traces
            assert by_signal["logs"] == logs
            assert by_signal["metrics"] >= 1
        assert len(re.findall("^llmotel: ", err, re.MULTILINE)) == 1

    def test_nothing_lost_is_a_count_of_zero(self) -> None:
        with Receiver() as receiver:
            run("llmotel.init(events=True); call()", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
            assert receiver.by_attribute(LOST, "llmotel.signal") == {"traces": 0, "metrics": 0, "logs": 0}


class TestTimeouts:
    def test_the_one_of_a_signal_ends_its_exports(self) -> None:
        with Receiver(HANG) as receiver:
            out, _ = run(
                """
                llmotel.init(metrics_exporter="none", logs_exporter="none")
                call()
                print(llmotel.flush(20), lost()["traces"])
                os._exit(0)
                """,
                MANY,
                OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
                OTEL_EXPORTER_OTLP_TIMEOUT="3600", OTEL_EXPORTER_OTLP_TRACES_TIMEOUT="0.3",
            )  # fmt: skip
        assert out == "False 1"


class TestAFork:
    def test_a_child_counts_its_own_losses(self) -> None:
        out, _ = run(
            """
            llmotel.init(events=True)
            many(100)
            while not lost()["metrics"]: llmotel.flush()
            child = os.fork()
            if not child:
                print(sum(lost().values()), flush=True)
                os._exit(0)
            os.waitpid(child, 0)
            print(sum(lost().values()) > 0)
            os._exit(0)
            """,
            MANY,
            OTEL_EXPORTER_OTLP_ENDPOINT=NOBODY, OTEL_EXPORTER_OTLP_TIMEOUT="0.3",
        )  # fmt: skip
        assert out.splitlines() == ["0", "True"]


class TestTheStatus:
    @pytest.fixture(autouse=True)
    def _off(self) -> Iterator[None]:
        yield
        llmotel.shutdown(0)

    def test_it_shows_what_was_lost(self, caplog: pytest.LogCaptureFixture) -> None:
        with Receiver(400) as receiver:
            llmotel.init(events=True, isolated=True, endpoint=receiver.url)
            call()
            assert not llmotel.flush()
            found = llmotel.status()
            findings = [finding for finding in doctor.examine() if finding.level == doctor.WARNING]
        assert {row.signal: row.lost for row in found.signals} == {"traces": 1, "metrics": 1, "logs": 1}
        assert "0 exports, 1 failed, 1 lost" in str(found)
        assert "Lost: 1 of traces, 1 of metrics, 1 of logs" in found.hints[-1]
        assert [(finding.subject, finding.text) for finding in findings if "lost" in finding.text] == [
            ("traces", "1 lost in this process"),
            ("metrics", "1 lost in this process"),
            ("logs", "1 lost in this process"),
        ]


class TestRoom:
    def test_it_takes_as_many_as_it_is_for_and_refuses_the_others(self) -> None:
        room = QueueCapacity(3)
        assert [room.try_acquire() for _ in range(5)] == [True, True, True, False, False]
        assert room.refused == 2

    def test_who_leaves_makes_room(self) -> None:
        room = QueueCapacity(2)
        assert [room.try_acquire(), room.try_acquire(), room.try_acquire()] == [True, True, False]
        room.release(2)
        assert [room.try_acquire(), room.try_acquire(), room.try_acquire()] == [True, True, False]

    def test_many_threads_at_once_are_counted_exactly(self) -> None:
        room, taken = QueueCapacity(1000), []

        def work() -> None:
            taken.extend(room.try_acquire() for _ in range(1000))

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert room.refused == taken.count(False)
        assert taken.count(True) <= 1000


class TestOutage:
    def test_each_side_speaks_once(self) -> None:
        outage = Outage()
        assert [outage.first("ours"), outage.first("ours"), outage.first("theirs")] == [True, False, True]

    def test_exporters_of_the_application_log_as_they_always_did(self, caplog: pytest.LogCaptureFixture) -> None:
        exporter = logging.getLogger("opentelemetry.exporter.of.a.test")
        install_log_filter()
        with Outage().exporting():
            exporter.warning("ours, first")
            exporter.warning("ours, again")
        for _ in range(2):
            exporter.warning("the application's")
        assert caplog.messages == ["ours, first", "the application's", "the application's"]

    def test_a_signal_that_arrives_is_no_end_of_another_ones_loss(
        self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("llmotel.sdk.outage._QUIET", 0.0)
        outage = Outage()
        for _ in range(10):
            outage.lost("metrics", "metrics are lost")
            outage.sent("traces")
        assert len(caplog.records) == 1
        outage.sent("metrics")
        outage.lost("metrics", "metrics are lost")
        assert len(caplog.records) == 2

    def test_an_endpoint_that_comes_and_goes_is_no_reason_for_a_line_each_time(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        outage = Outage()
        for _ in range(10):
            outage.lost("traces", "traces are lost")
            outage.sent("traces")
        assert len(caplog.records) == 1
