"""The viewer in a real browser, in front of the real server, which real OTLP was sent to.

Needed: Playwright's Python package, and Debian's Chromium (``apt-get install chromium``) or another one that
``LLMOTEL_TEST_CHROMIUM`` names.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.browser import traffic

CHROMIUM = os.environ.get("LLMOTEL_TEST_CHROMIUM") or shutil.which("chromium") or ""
WIDE = {"width": 1440, "height": 900}


class Local:
    """A running ``llmotel local`` that keeps everything in memory."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "llmotel.cli", "local", "--memory", "--port", "0", *options]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self._process.stdout is not None
        self.output: list[str] = []
        line = self._process.stdout.readline()
        found = re.search(r"https?://[\w.:\[\]]+", line)
        assert found, f"it did not say where it listens, but: {line}{self._process.stdout.read()}"
        self.url = found.group()
        # What it writes later is read, so that it never waits for a reader.
        threading.Thread(target=self.output.extend, args=(self._process.stdout,), daemon=True).start()

    def send(self, spans: list[dict[str, Any]], **more: str) -> None:
        """Spans as OTLP; they are stored when this returns."""
        for at in range(0, len(spans), 2000):
            self.post("/v1/traces", traffic.export(spans[at : at + 2000], **more))

    def post(self, path: str, body: Any) -> Any:
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            return json.load(answer)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="the Python package playwright is not installed")
    if not CHROMIUM:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        # A container has no sandbox of its own to give.
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens a page of a server; the test fails where the page had an error or broke its Content-Security-Policy."""
    contexts, faults = [], []

    def open_page(url: str, **options: Any) -> Any:
        context = browser.new_context(
            **{"viewport": WIDE, "locale": "en-US", "timezone_id": "UTC", "color_scheme": "light", **options}
        )
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(f"{said.text} {said.location}") if said.type == "error" else None)
        page.goto(url)
        page.wait_for_selector("main h1")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture(scope="session")
def shop(browser: Any) -> Iterator[Local]:
    """A day of a shop's assistant: 150 traces. Tests read it, and add scores at most."""
    running = Local()
    try:
        traces, scores = traffic.day(time.time(), 150)
        running.send([span for trace in traces for span in trace.spans])
        running.post("/v1/logs", traffic.logs(scores))
        yield running
    finally:
        running.close()


@pytest.fixture
def fresh(browser: Any) -> Iterator[Local]:
    """A server that nothing was sent to."""
    running = Local()
    try:
        yield running
    finally:
        running.close()


@pytest.fixture
def answer(shop: Local) -> dict[str, Any]:
    """A call of the shop that has an answer with citations."""
    found: dict[str, Any] = shop.get("/api/calls?min_grounding=0.1&outcome=completed&limit=1")["items"][0]
    return found


def one_call(name: str = "chat gpt-5.5", moment: float | None = None, **attributes: Any) -> dict[str, Any]:
    """A span of one call, alone in its trace, that ended just now."""
    trace = traffic.Trace(random.Random(time.time_ns()), (moment or time.time()) - 1)
    facts = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5.5",
        "gen_ai.usage.input_tokens": 20,
        "gen_ai.usage.output_tokens": 10,
        "llmotel.outcome": "completed",
        **attributes,
    }
    trace.span(name, 0, 0.8, None, 3, **facts)
    return trace.spans[0]


@pytest.fixture(scope="session")
def axe(browser: Any) -> str:
    package = pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    return (Path(package.__file__).parent / "axe.min.js").read_text("utf-8")
