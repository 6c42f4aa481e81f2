"""Pictures of the pages, for the documents: ``make screenshots`` writes them into ``docs/viewer``."""

from __future__ import annotations

import base64
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local.browser import traffic
from local.browser.conftest import CHROMIUM, Local

DOCS = Path(__file__).parents[3] / "docs" / "viewer"
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 375, "height": 812}

# Name, address, size, theme.
PICTURES = (
    ("calls", "/calls", DESK, "light"),
    ("call", "ANSWER", DESK, "dark"),
    ("session", "/sessions/s-30", DESK, "light"),
    ("dashboard", "/dashboards/cost", DESK, "light"),
    ("models", "/models", DESK, "light"),
    ("alerts", "/alerts", DESK, "dark"),
    ("phone", "ANSWER", PHONE, "light"),
)


def take(browser: Any, server: Local) -> Iterator[tuple[str, bytes]]:
    """Each picture as WebP, with its name."""
    call = server.get("/api/calls?min_grounding=0.1&outcome=completed&limit=1")["items"][0]
    answer = f"/traces/{call['trace_id']}/spans/{call['span_id']}"
    for name, path, size, theme in PICTURES:
        context = browser.new_context(
            viewport=size, color_scheme=theme, locale="en-US", timezone_id="UTC", reduced_motion="reduce"
        )
        try:
            page = context.new_page()
            page.goto(server.url + path.replace("ANSWER", answer))
            page.wait_for_selector("main h1")
            page.wait_for_function("() => !document.querySelector('.waiting, .progress.on, .bone')")
            page.wait_for_timeout(600)
            session = context.new_cdp_session(page)
            made = session.send("Page.captureScreenshot", {"format": "webp", "quality": 82})
            yield name, base64.b64decode(made["data"])
        finally:
            context.close()


def main() -> int:
    from playwright.sync_api import sync_playwright

    server = Local()
    try:
        traces, scores = traffic.day(time.time(), 400)
        server.send([span for trace in traces for span in trace.spans])
        server.post("/v1/logs", traffic.logs(scores))
        DOCS.mkdir(parents=True, exist_ok=True)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            for name, picture in take(browser, server):
                (DOCS / f"{name}.webp").write_bytes(picture)
            browser.close()
    finally:
        server.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
