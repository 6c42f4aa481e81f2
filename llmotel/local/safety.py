"""Who may ask: the names that this server answers to, pages of its own alone, and a token where it is not loopback."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llmotel.local.problems import problem

COOKIE = "llmotel_token"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "host.docker.internal"})
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
        "form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def loopback(host: str) -> bool:
    """Whether an address to listen at is reached from this machine alone."""
    return host in ("localhost", "::1") or host.startswith("127.")


class Safety:
    """Stands before ``app``. ``hosts`` are the names it answers to; ``None``: to any, for servers with a token."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str] | None, token: str | None) -> None:
        self._app = app
        self._hosts = None if hosts is None else frozenset(hosts)
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    added.setdefault(name, value)
            await send(message)

        if refusal is not None:
            await refusal(scope, receive, guarded)
            return
        await self._app(scope, receive, guarded)

    def _refusal(self, scope: Scope, headers: Headers) -> ASGIApp | None:
        host = headers.get("host", "")
        if self._hosts is not None and name_of(host) not in self._hosts:
            return problem(
                403, f"Host: {host[:80]!r} is not a name of this server; it answers to {', '.join(sorted(self._hosts))}"
            )
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return problem(403, f"Origin: {origin[:80]!r}: pages of other addresses may not ask")
        if headers.get("sec-fetch-site") == "cross-site" and scope["method"] not in ("GET", "HEAD"):
            return problem(403, "pages of other addresses may not post")
        if self._token is None:
            return None
        return self._unknown(scope, headers, self._token)

    def _unknown(self, scope: Scope, headers: Headers, token: str) -> ASGIApp | None:
        """What somebody without the token is answered."""
        if scope["path"] == "/" and scope["method"] == "GET":
            given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
            if given and same(given, token):
                answer = RedirectResponse("/", 303)
                answer.set_cookie(COOKIE, token, httponly=True, samesite="strict", path="/")
                return answer
        said = headers.get("authorization", "")
        if said[:7].lower() == "bearer " and same(said[7:].strip(), token):
            return None
        cookie: SimpleCookie = SimpleCookie()
        try:
            cookie.load(headers.get("cookie", ""))
        except CookieError:
            pass
        if COOKIE in cookie and same(cookie[COOKIE].value, token):
            return None
        if scope["path"] == "/api/health":
            scope["llmotel.unknown"] = True
            return None
        return problem(
            401, "a token is needed: Authorization: Bearer TOKEN, or /?token=TOKEN once in a browser",
            headers={"WWW-Authenticate": "Bearer"},
        )  # fmt: skip


def name_of(host: str) -> str:
    """The name in a ``Host`` header, without its port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def same(given: str, token: str) -> bool:
    """Whether two tokens are the same, in a time that tells nothing."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode("utf-8", "replace"))


__all__ = ["COOKIE", "LOOPBACK", "Safety", "loopback", "name_of", "same"]
