"""Responses that run in the background: begun by one request, asked for by another."""

from __future__ import annotations

from llmotel.testing.openai_wire import errors, responses
from llmotel.testing.reply import Body, Reply, Request

_WAITING = ("queued", "in_progress")


class Background:
    """The responses of one server that were sent as queued or in progress.

    Asked for again, a response is completed, with the text :data:`TEXT`, unless it was cancelled before; one that was
    never begun gets OpenAI's 404.
    """

    TEXT = "This was done in the background."

    def __init__(self) -> None:
        self._begun: dict[str, Body] = {}

    def keep(self, body: object) -> None:
        """Remembers ``body`` if it is a response that is not done."""
        if isinstance(body, dict) and body.get("object") == "response" and body.get("status") in _WAITING:
            self._begun[body["id"]] = body

    def retrieve(self, request: Request) -> Body | Reply:
        return self._end(request, "completed")

    def cancel(self, request: Request) -> Body | Reply:
        return self._end(request, "cancelled")

    def _end(self, request: Request, status: responses.Status) -> Body | Reply:
        key = request.params["id"]
        begun = self._begun.get(key)
        if begun is None:
            return errors.reply(404, f"Response with id '{key}' not found.", code="not_found")
        if begun["status"] in _WAITING:
            begun = responses.response(self.TEXT, model=begun["model"], status=status, request=begun, id=key)
            self._begun[key] = begun
        return begun
