"""The door of core-secured.yaml: TLS, and a token."""

from __future__ import annotations

import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stack.servers import Collector

TOKEN = "a-long-random-text"


class Secured(Collector):
    """With a certificate of its own for 127.0.0.1."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.certificate = folder / "server.pem"
        key = folder / "server.key"
        subprocess.run(
            [
                "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(self.certificate),
            ],
            check=True, capture_output=True,
        )  # fmt: skip
        super().__init__(
            program, folder, "core-secured.yaml", "backends/file.yaml", LLMOTEL_STACK_TOKEN=TOKEN,
            LLMOTEL_STACK_TLS_CERT=str(self.certificate), LLMOTEL_STACK_TLS_KEY=str(key),
        )  # fmt: skip

    def post(self, scheme: str = "https", authorization: str | None = f"Bearer {TOKEN}") -> int:
        """The status of an empty export."""
        headers = {"content-type": "application/json", **({"authorization": authorization} if authorization else {})}
        request = urllib.request.Request(f"{scheme}://{self.http}/v1/traces", b"{}", headers)
        trusting = ssl.create_default_context(cafile=str(self.certificate))
        try:
            with urllib.request.urlopen(request, timeout=10, context=trusting if scheme == "https" else None) as reply:
                return int(reply.status)
        except urllib.error.HTTPError as error:
            error.close()
            return int(error.code)


@pytest.fixture(scope="module")
def secured(program: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with Secured(program("otelcol-llmotel"), tmp_path_factory.mktemp("secured")) as secured:
        yield secured


def test_who_shows_the_token_over_tls_is_let_in(secured: Secured) -> None:
    assert secured.post() == 200


@pytest.mark.parametrize("authorization", [None, "Bearer another", TOKEN, "Bearer "])
def test_who_does_not_show_it_is_refused(secured: Secured, authorization: str | None) -> None:
    assert secured.post(authorization=authorization) == 401


def test_without_tls_nothing_is_taken(secured: Secured) -> None:
    assert secured.post("http") == 400
