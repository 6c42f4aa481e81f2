"""A version that llmotel cannot instrument is reported, and works as if llmotel were not there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest

import llmotel
from llmotel.diagnostics.status import LibraryStatus
from llmotel.instrumentation import registry
from llmotel.spec import Provider
from llmotel.testing import ProviderServer
from llmotel_instrumentors.openai import PROVIDER, OpenAIInstrumentor
from telemetry import Telemetry

SYNC, ASYNC = PROVIDER.seams


@pytest.fixture
def client(server: ProviderServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="k", base_url=server.openai_url, max_retries=0) as client:
        yield client


def row() -> LibraryStatus:
    return next(row for row in registry.report() if row.library == "openai")


def restart(telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Telemetry:
    """Instruments a library for which ``changes`` are true."""
    changed: Provider = PROVIDER.replaced(**changes)
    monkeypatch.setattr(OpenAIInstrumentor, "provider", changed)
    return telemetry()


def answers(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": "Hello!"}])
    assert answer.choices


class TestUnsupportedVersion:
    @pytest.mark.parametrize(("versions", "supported"), [(("99.0", None), ">=99.0"), (("1.40.0", "2"), ">=1.40.0,<2")])
    def test_it_is_left_alone_and_told(
        self, versions: Any, supported: str, client: openai.OpenAI, telemetry: Telemetry,
        monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    ) -> None:  # fmt: skip
        if versions[1] is not None:
            monkeypatch.setattr(openai, "__version__", "2.5.0")
        telemetry = restart(telemetry, monkeypatch, versions=versions)
        answers(client)
        assert telemetry.spans == []
        assert f"llmotel: openai {openai.__version__} is not instrumented: supported is {supported}" in caplog.text
        assert (row().state, row().detail) == ("unsupported version", f"{openai.__version__} is not {supported}")
        assert "unsupported version" in str(llmotel.status())

    @pytest.mark.parametrize("version", ["1.40.0", "1.40.0rc1", "2.0.0a3", "99"])
    def test_a_supported_one_is_instrumented(
        self, version: str, client: openai.OpenAI, telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(openai, "__version__", version)
        telemetry = telemetry()
        answers(client)
        assert len(telemetry.spans) == 1


class TestMissingSeam:
    @pytest.mark.parametrize(
        "missing",
        [
            {"attribute": "SyncAPIClient.no_such_method"},
            {"attribute": "NoSuchClass.request"},
            {"module": "openai._no_such_module"},
        ],
        ids=["method", "class", "module"],
    )
    def test_without_any_seam_the_library_works_alone(
        self, missing: dict[str, str], client: openai.OpenAI, telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:  # fmt: skip
        telemetry = restart(telemetry, monkeypatch, seams=(SYNC.replaced(**missing),))
        answers(client)
        assert telemetry.spans == []
        assert row().state == "missing seam"
        assert "llmotel: openai is not instrumented: " in caplog.text
        assert "not found" in caplog.text

    def test_without_one_of_two_the_other_is_instrumented(
        self, client: openai.OpenAI, telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gone = ASYNC.replaced(attribute="AsyncAPIClient.no_such_method")
        telemetry = restart(telemetry, monkeypatch, seams=(SYNC, gone))
        answers(client)
        assert len(telemetry.spans) == 1
        assert row().state == "instrumented"
        assert "missing seam openai._base_client:AsyncAPIClient.no_such_method" in row().detail
