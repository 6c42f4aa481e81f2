"""Look-ups of the application's own: what was searched, and the documents that came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

from llmotel.api.block import Block
from llmotel.engine.operation_run import OperationRun
from llmotel.model import operation

_MOST = 128  # documents of one look-up
_IDS = ("id", "id_", "node_id", "doc_id")
_TEXTS = ("content", "page_content", "text")


def retrieval(
    name: str, *, query: str | None = None, top_k: int | None = None, data_source_id: str | None = None
) -> Retrieval:
    """A look-up in the source ``name``: a span ``retrieval NAME``, and a point of ``gen_ai.client.operation.duration``.

    To be used as :func:`llmotel.agent` is. ``data_source_id`` is the source's id where a service has one of its own for
    it, and stands in the name's place then. The query and what documents hold are content: recorded on the span, and
    only under the content policy; ids and scores of documents are recorded always. A block says what was found:
    ``run.documents(...)``; of a decorated function it is what it returns, and its argument ``query`` the query.

    >>> with llmotel.retrieval("handbook", query=question, top_k=5) as run:
    ...     run.documents(found := index.search(question, 5))

    >>> @llmotel.retrieval("handbook")
    ... def look_up(query): ...
    """
    return Retrieval(str(name), query, top_k, data_source_id)


class Retrieval(Block):
    """A source that is searched: what :func:`retrieval` returns."""

    def __init__(self, name: str, query: str | None, top_k: int | None, data_source_id: str | None) -> None:
        super().__init__(name)
        self._query, self._top_k, self._data_source_id = query, top_k, data_source_id

    def _operation(self) -> operation.Retrieval:
        return operation.Retrieval(self.name, query=self._query, top_k=self._top_k, data_source_id=self._data_source_id)

    def documents(self, found: Iterable[Any]) -> None:
        """What was found: mappings with ``id``, ``score`` and anything else, texts, objects with such attributes, or
        pairs of one and its score. Never read further than its first 128; an iterator is left alone."""
        run = self._run()
        if run is not None:
            self.returned(run, found)

    def returned(self, run: OperationRun, result: object) -> None:
        record = run.operation
        if not isinstance(record, operation.Retrieval) or not isinstance(result, (list, tuple)):
            return
        try:
            record.documents = [_document(found) for found in islice(result, _MOST)]
            run.note("documents", record.documents)
        except Exception as error:
            run.guard.report_error(run.site, error)

    def _called(self, run: OperationRun, given: Callable[[], Mapping[str, Any]]) -> None:
        try:
            query = given().get("query")
        except Exception:  # the arguments do not fit the function, which is about to say so itself
            return
        if self._query is None and isinstance(query, str):
            run.note("query", query)


def _document(found: Any) -> dict[str, Any]:
    """``{"id"?, "score"?, ...}``, as the conventions want it, of what vector stores give."""
    if isinstance(found, str):
        return {"content": found}
    if isinstance(found, Mapping):
        return dict(found)
    if isinstance(found, tuple) and len(found) == 2 and isinstance(found[1], (int, float)):
        return {**_document(found[0]), "score": found[1]}
    inner = getattr(found, "node", found)  # LlamaIndex keeps the score outside
    said = {
        "id": _first(inner, _IDS),
        "score": getattr(found, "score", None),
        "content": _first(inner, _TEXTS),
        "metadata": getattr(inner, "metadata", None),
    }
    return {name: value for name, value in said.items() if value is not None}


def _first(found: Any, names: tuple[str, ...]) -> Any:
    return next((value for name in names if (value := getattr(found, name, None)) is not None), None)


__all__ = ["Retrieval", "retrieval"]
