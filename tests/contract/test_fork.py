"""A fork of an application that has a call waiting to be recorded and a stream that is half read: each call is recorded
once, by the process that made it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator

import pytest

from llmotel.testing import ProviderServer
from receiver import Receiver
from scripts import run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no fork")

APPLICATION = """
import gc, multiprocessing, openai
llmotel.init()

def client():
    return openai.OpenAI(api_key="any", base_url=os.environ["SERVER"], max_retries=0)

def ask(who, **more):
    return client().chat.completions.create(model=who, messages=[{"role": "user", "content": "Hello"}], **more)

ask("before")
stream = ask("stream", stream=True)
next(stream)
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.mark.parametrize("leave", ["os._exit(0)", "sys.exit(0)", "del stream; gc.collect(); sys.exit(0)"])
def test_a_child_records_its_own_calls_and_leaves_the_open_stream_to_its_parent(
    leave: str, server: ProviderServer, receiver: Receiver
) -> None:
    run(
        f"""
        child = os.fork()
        if not child:
            ask("child")
            llmotel.flush()
            {leave}
        assert os.waitpid(child, 0)[1] == 0
        list(stream)
        ask("after")
        """,
        APPLICATION, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url, SERVER=server.openai_url,
    )  # fmt: skip
    recorded_once(receiver)


def test_a_process_of_multiprocessing_records_its_own_calls(server: ProviderServer, receiver: Receiver) -> None:
    run(
        """
        child = multiprocessing.get_context("fork").Process(target=ask, args=("child",))
        child.start()
        child.join()
        list(stream)
        ask("after")
        """,
        APPLICATION, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url, SERVER=server.openai_url,
    )  # fmt: skip
    recorded_once(receiver)


def recorded_once(receiver: Receiver) -> None:
    spans = receiver.spans()
    assert Counter(span.name for _, span in spans) == {
        "chat before": 1,
        "chat child": 1,
        "chat stream": 1,
        "chat after": 1,
    }
    processes = {span.name: resource["service.instance.id"] for resource, span in spans}
    parent, child = processes["chat before"], processes["chat child"]
    assert processes == {"chat before": parent, "chat child": child, "chat stream": parent, "chat after": parent}
    assert parent != child
    [stream] = [span for _, span in spans if span.name == "chat stream"]
    assert "completed" in str(stream.attributes)
    if (
        len(receiver.sums("gen_ai.client.inference.usage.input_tokens")) == 2
    ):  # before SDK 1.43 a child goes on counting
        tokens = receiver.sums("gen_ai.client.inference.usage.input_tokens")
        assert tokens[parent] == 3 * tokens[child]  # before, stream and after
