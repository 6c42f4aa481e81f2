"""Google's clients with the arguments that the table's calls are made with, which are those of the other libraries."""

from __future__ import annotations

from typing import Any

from google import genai
from google.genai import types

_BUILT_IN = types.HttpOptions.model_fields
TAKES_CLIENTS = "httpx_client" in _BUILT_IN
"""Whether an application can hand over an HTTP client of its own."""
RETRIES = "retry_options" in _BUILT_IN
"""Whether the library can send a request again."""


class GoogleClient:
    """``genai.Client`` under one form for both ways of calling, as a context manager, which the older ones are not."""

    is_async = False

    def __init__(
        self,
        *,
        api_key: str | None,
        base_url: str,
        http_client: Any = None,
        max_retries: int = 0,
        timeout: float | None = None,
        default_headers: dict[str, str] | None = None,
        default_query: dict[str, str] | None = None,  # for which this library has no word
        **more: Any,
    ) -> None:
        options: dict[str, Any] = {"base_url": base_url, "headers": default_headers}
        if timeout is not None:
            options["timeout"] = max(1, round(timeout * 1000))
        if max_retries and RETRIES:
            options["retry_options"] = types.HttpRetryOptions(attempts=max_retries + 1, initial_delay=0.001, jitter=0.0)
        name = "httpx_async_client" if self.is_async else "httpx_client"
        if http_client is not None and TAKES_CLIENTS:
            options[name] = http_client
        self.client = genai.Client(api_key=api_key, http_options=types.HttpOptions(**options), **more)
        if http_client is not None and not TAKES_CLIENTS:
            inner: Any = self.client._api_client
            inner.__dict__["_async_httpx_client" if self.is_async else "_httpx_client"] = http_client
        self._http_client = http_client

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client.aio if self.is_async else self.client, name)

    def __enter__(self) -> GoogleClient:
        return self

    def __exit__(self, *_: object) -> None:
        if self._http_client is not None:
            self._http_client.close()


class AsyncGoogleClient(GoogleClient):
    """The asynchronous half."""

    is_async = True

    async def __aenter__(self) -> AsyncGoogleClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._http_client is not None:
            await self._http_client.aclose()
