"""Who may ask, and what a page may do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from llmotel.local.api import Backend
from llmotel.local.pages import Pages
from llmotel.local.server import Background
from llmotel.local.store import Store
from local import otlp
from local.conftest import Local


@pytest.fixture
def guarded() -> Iterator[str]:
    """A server that wants a token."""
    with Background(Backend(Store(None), hosts=None, token="secret")) as server:
        yield server.url


class TestNames:
    @pytest.mark.parametrize("host", ["evil.example", "evil.example:4318", "127.0.0.1.evil.example", "", "[::1", "a@b"])
    def test_another_name_is_refused_so_that_no_rebound_page_gets_in(self, local: Local, host: str) -> None:
        assert local.client.get("/api/health", headers={"host": host}).status_code in (400, 403)

    @pytest.mark.parametrize("host", ["localhost", "LOCALHOST:4318", "127.0.0.1", "[::1]:4318"])
    def test_every_name_of_this_machine_is_answered(self, local: Local, host: str) -> None:
        assert local.client.get("/api/health", headers={"host": host}).status_code == 200

    @pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
    def test_a_page_of_another_address_is_refused(self, local: Local, origin: str) -> None:
        request = {"content": otlp.body(otlp.spans(otlp.span())), "headers": {**otlp.PROTOBUF, "origin": origin}}
        assert local.client.post("/v1/traces", **request).status_code == 403
        assert local.client.post("/api/scores", json={}, headers={"origin": origin}).status_code == 403
        assert local.client.get("/api/calls", headers={"origin": origin}).status_code == 403

    def test_a_page_of_its_own_is_answered(self, local: Local) -> None:
        answer = local.client.get("/api/calls", headers={"origin": local.url})
        assert answer.status_code == 200
        assert "access-control-allow-origin" not in answer.headers

    def test_a_post_across_sites_is_refused_also_without_an_origin(self, local: Local) -> None:
        headers = {"sec-fetch-site": "cross-site"}
        assert local.client.post("/api/scores", json={}, headers=headers).status_code == 403


class TestToken:
    def test_nothing_is_told_without_it(self, guarded: str) -> None:
        for path in ("/", "/api/calls", "/api/openapi.json", "/calls", "/?token=wrong"):
            answer = httpx.get(guarded + path)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert httpx.post(guarded + "/v1/traces", content=b"", headers=otlp.PROTOBUF).status_code == 401

    def test_whether_it_is_up_is_told_to_all(self, guarded: str) -> None:
        assert httpx.get(guarded + "/api/health").json() == {"status": "ok"}

    def test_a_sender_shows_it_as_a_header(self, guarded: str) -> None:
        headers = {**otlp.PROTOBUF, "authorization": "Bearer secret"}
        assert httpx.post(guarded + "/v1/traces", content=b"", headers=headers).status_code == 200
        assert "spans" in httpx.get(guarded + "/api/health", headers=headers).json()

    def test_a_browser_gets_a_cookie_for_it_once(self, guarded: str) -> None:
        with httpx.Client(base_url=guarded) as client:
            answer = client.get("/?token=secret")
            assert (answer.status_code, answer.headers["location"]) == (303, "/")
            cookie = answer.headers["set-cookie"].lower()
            assert "httponly" in cookie and "samesite=strict" in cookie
            assert client.get("/api/calls").status_code == 200


class TestPages:
    @pytest.fixture
    def viewer(self, tmp_path: Path) -> Iterator[str]:
        folder = tmp_path / "static"
        (folder / "lib").mkdir(parents=True)
        (folder / "index.html").write_text("<!doctype html>page")
        (folder / "lib" / "app.js").write_text("1")
        (tmp_path / "secret.txt").write_text("secret")
        with Background(Backend(Store(None), pages=Pages(folder))) as server:
            yield server.url

    @pytest.mark.parametrize("path", ["/", "/calls", "/traces/abc/spans/def", "/index.html"])
    def test_every_page_of_the_viewer_is_the_one_page(self, viewer: str, path: str) -> None:
        answer = httpx.get(viewer + path)
        assert (answer.status_code, answer.text) == (200, "<!doctype html>page")

    def test_files_have_their_type(self, viewer: str) -> None:
        assert httpx.get(viewer + "/lib/app.js").headers["content-type"].startswith("text/javascript")

    @pytest.mark.parametrize("path", ["/../secret.txt", "/%2e%2e/secret.txt", "/lib/..%2f..%2fsecret.txt", "/no.js"])
    def test_what_is_not_a_file_of_the_viewer_is_not_served(self, viewer: str, path: str) -> None:
        answer = httpx.get(viewer + path)
        assert answer.status_code == 404
        assert answer.text != "secret"

    def test_no_script_or_style_but_those_of_the_viewer_can_run(self, viewer: str) -> None:
        for path in ("/", "/api/health", "/lib/app.js"):
            headers = httpx.get(viewer + path).headers
            assert "default-src 'self'" in headers["content-security-policy"]
            assert "unsafe-inline" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
