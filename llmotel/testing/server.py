"""A server on the loopback interface that speaks the wire formats of providers, for tests and demos.

The real client libraries work against it; only ``base_url`` is set. It needs nothing but the standard library.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from llmotel.errors import LlmotelError
from llmotel.testing.reply import Reply, Request
from llmotel.testing.routes import Dialect, Route, Routes, streams
from llmotel.testing.transport import Listener

Script: TypeAlias = Reply | Callable[[Request], Reply]


class ProviderServer:
    """Answers the requests of the providers' clients: from :meth:`script` first, then with a reply made up from the
    request, as the ``defaults`` modules of the wire packages say.

    Paths are matched by their end, so every prefix of ``base_url`` works; Azure's deployments, Bedrock and Vertex have
    their own. Any number of threads and tasks may call at once; a connection has a daemon thread.

    >>> with ProviderServer() as server:
    ...     client = openai.OpenAI(api_key="any", base_url=server.openai_url)
    ...     server.script(Reply(chat.completion("Paris.", usage=chat.usage(24, 2))))
    ...     client.chat.completions.create(model="gpt-4.1", messages=[...]).choices[0].message.content
    'Paris.'
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._scripts: deque[Script] = deque()
        self._lock = threading.Lock()
        self._routes = Routes()
        self._listener: Listener | None = None

    def start(self) -> ProviderServer:
        """Listens on a free port of 127.0.0.1."""
        if self._listener is None:
            self._listener = Listener(self.answer)
        return self

    def stop(self) -> None:
        """Ends every connection, also those that hang, and frees the port."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def __enter__(self) -> ProviderServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``, the ``base_url`` of the Anthropic and Google clients."""
        if self._listener is None:
            raise LlmotelError("the provider server is not running: use `with ProviderServer() as server:`")
        return f"http://127.0.0.1:{self._listener.server_port}"

    @property
    def openai_url(self) -> str:
        """The ``base_url`` of the OpenAI clients."""
        return self.url + "/v1"

    @property
    def last(self) -> Request:
        """The newest request."""
        if not self.requests:
            raise LlmotelError("no request has reached the provider server: is the client's base_url the server's url?")
        return self.requests[-1]

    def script(self, *replies: Script) -> None:
        """Queues replies: each answers one request, in the order of arrival. A function gets the request it answers."""
        self._scripts.extend(replies)

    def clear(self) -> None:
        """Forgets the recorded requests and the queued replies."""
        with self._lock:
            self.requests.clear()
            self._scripts.clear()

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[Request, Dialect, Reply]:
        """Records a request and finds its reply; a reply to stream has ``events``, any other a ``body``.

        A body that is not JSON gets a 400. An error of ours, or of a scripted function, gets a 500 that tells it.
        """
        parts = urlsplit(target)
        route, params = self._routes.find(method, parts.path, headers)
        parsed, refusal = None, None
        try:
            # InvokeModel's clients need not say what their body is; it is always JSON.
            kind = "application/json" if "invoke" in params else headers.get("content-type", "")
            parsed = _parsed(kind, body)
        except ValueError:
            refusal = route.dialect.refuse(400, "We could not parse the JSON body of your request.")
        with self._lock:
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            request = Request(len(self.requests), method, parts.path, query, headers, body, parsed, params)
            self.requests.append(request)
            script = self._scripts.popleft() if self._scripts else refusal or Reply()
        try:
            reply = _complete(script(request) if callable(script) else script, route, request)
            self._routes.background.keep(reply.body)
            reply = _streamed(reply, route, request)
        except Exception as error:
            reply = route.dialect.refuse(500, f"ProviderServer failed to reply: {error!r}")
        return request, route.dialect, reply


def _complete(reply: Reply, route: Route, request: Request) -> Reply:
    """``reply`` with the default body when it has none."""
    if reply.body is not None or reply.events is not None or reply.fault in ("reset", "hang", "empty"):
        return reply
    made = route.dialect.refuse(reply.status, None) if reply.status >= 400 else route.answer(request)
    if not isinstance(made, Reply):
        return replace(reply, body=made)
    sent = {**made.headers, **reply.headers}
    return replace(reply, body=made.body, events=made.events, status=made.status, headers=sent)


def _streamed(reply: Reply, route: Route, request: Request) -> Reply:
    """``reply`` as a stream when the request asks for one."""
    whole = reply.status >= 400 or reply.fault in ("reset", "hang", "empty", "malformed")
    if whole or reply.events is not None or not streams(request):
        return reply
    try:
        if route.headed is not None:
            return replace(reply, body=None, events=route.headed(reply.body, reply.headers))
        if route.events is None:
            return reply
        return replace(reply, body=None, events=route.events(reply.body, request))
    except (KeyError, TypeError, AttributeError) as error:
        raise LlmotelError("the body of the reply cannot be streamed here: give Reply(events=...)") from error


def _parsed(content_type: str, body: bytes) -> Any:
    if content_type.startswith("application/json") and body:
        return json.loads(body)
    if content_type.startswith("multipart/form-data"):
        return _form(content_type, body)
    if content_type.startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(body.decode(), keep_blank_values=True))
    return None


def _form(content_type: str, body: bytes) -> dict[str, str]:
    """The fields of a multipart form; of a file, its name."""
    from email import message_from_bytes

    fields: dict[str, str] = {}
    for part in message_from_bytes(f"content-type: {content_type}\r\n\r\n".encode() + body).walk():
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str):
            payload = part.get_payload(decode=True)
            text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
            fields[name] = part.get_filename() or text
    return fields
