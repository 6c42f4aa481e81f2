"""The pictures of the documents can be taken, and are there."""

from __future__ import annotations

from typing import Any

from local.browser import screenshots
from local.browser.conftest import Local


def test_each_picture_is_taken_and_small(shop: Local, browser: Any) -> None:
    taken = dict(screenshots.take(browser, shop))
    assert list(taken) == [name for name, *_ in screenshots.PICTURES]
    for picture in taken.values():
        assert picture[8:12] == b"WEBP"
        assert len(picture) < 200_000


def test_the_documents_have_each_picture_and_show_it() -> None:
    said = (screenshots.DOCS / "README.md").read_text("utf-8")
    for name, *_ in screenshots.PICTURES:
        assert (screenshots.DOCS / f"{name}.webp").stat().st_size > 5_000
        assert f"({name}.webp)" in said
