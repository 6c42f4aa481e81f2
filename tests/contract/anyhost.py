"""A client's way to the loopback server whatever host it is pointed at: the names of hosts are what the tests are about."""

from __future__ import annotations

from llmotel.testing import ProviderServer
from transport import httpx


class AnyHost(httpx.BaseTransport):
    """Sends every request to ``server``; its path, headers and body stay as they are."""

    def __init__(self, server: ProviderServer) -> None:
        self._server = httpx.URL(server.url)
        self._transport = httpx.HTTPTransport(verify=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(scheme="http", host=self._server.host, port=self._server.port)
        return self._transport.handle_request(request)

    def close(self) -> None:
        self._transport.close()


class AnyHostAsync(httpx.AsyncBaseTransport):
    """As :class:`AnyHost`, for asynchronous clients."""

    def __init__(self, server: ProviderServer) -> None:
        self._server = httpx.URL(server.url)
        self._transport = httpx.AsyncHTTPTransport(verify=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(scheme="http", host=self._server.host, port=self._server.port)
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        await self._transport.aclose()
