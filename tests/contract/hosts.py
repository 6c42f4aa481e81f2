"""Real host names without a network."""

from __future__ import annotations

from typing import Any

import httpx2

from llmotel.testing import ProviderServer


class Everywhere(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """Takes every host to the loopback server, so that the names in ``base_url`` can be the real ones."""

    def __init__(self, server: ProviderServer) -> None:
        self._home = httpx2.URL(server.url)
        self._sync, self._async = httpx2.HTTPTransport(), httpx2.AsyncHTTPTransport()

    def _to_loopback(self, request: Any) -> Any:
        request.url = request.url.copy_with(scheme="http", host=self._home.host, port=self._home.port)
        return request

    def handle_request(self, request: Any) -> Any:
        return self._sync.handle_request(self._to_loopback(request))

    async def handle_async_request(self, request: Any) -> Any:
        return await self._async.handle_async_request(self._to_loopback(request))

    def close(self) -> None:
        self._sync.close()

    async def aclose(self) -> None:
        await self._async.aclose()
