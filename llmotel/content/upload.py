"""The completion hook ``upload``: content goes to files through fsspec, the signals carry where it is."""

from __future__ import annotations

import hashlib
import logging
import os
import queue
import threading
import weakref
from functools import partial
from importlib import import_module
from time import monotonic
from typing import Any
from uuid import uuid4

from llmotel import semconv, threads
from llmotel.config.masking import masked_text, masked_uri
from llmotel.content.truncation import encode
from llmotel.errors import ConfigurationError

logger = logging.getLogger("llmotel")
_FORMATS = ("json", "jsonl")
_REFERENCE = "_ref"  # of OpenTelemetry's util-genai: the name of the content and this
_CACHE_SIZE = 1024  # content stored under its hash that is known to be there


class _File:
    """One file to write. ``shared`` content has its hash in the name and is written once."""

    __slots__ = ("items", "shared", "uri")

    def __init__(self, uri: str, items: list[dict[str, Any]], shared: bool) -> None:
        self.uri = uri
        self.items = items
        self.shared = shared


class UploadHook:
    """Writes the content of calls below ``base_path``, a path or a URI that fsspec knows, and returns references.

    Per call ``<id>_inputs.json`` and ``<id>_outputs.json``; system instructions and tool definitions once for all calls
    that have the same, as ``<sha256>_system_instructions.json`` and ``<sha256>_tool_definitions.json``. Format ``json``
    is one JSON array, ``jsonl`` one object a line with its ``index``.

    A background thread writes. At most ``max_queue`` calls wait for it; the content of further ones is dropped, has no
    reference, and is counted in ``dropped``. A write that fails is logged the first time and counted in ``failed``.
    ``ConfigurationError`` says that fsspec or the file system's own package is missing, or what is wrong.
    """

    _queue: queue.Queue[list[_File] | threading.Event | None]
    _thread: threading.Thread | None
    _lock: threading.Lock
    _stored: dict[str, None]

    def __init__(self, base_path: str, format: str = "json", max_queue: int = 20) -> None:  # noqa: A002
        if not base_path:
            raise ConfigurationError(
                "OTEL_INSTRUMENTATION_GENAI_UPLOAD_BASE_PATH is not set: the upload hook needs a path or an fsspec "
                "URI, for example s3://bucket/prompts"
            )
        if format not in _FORMATS:
            raise ConfigurationError(f"OTEL_INSTRUMENTATION_GENAI_UPLOAD_FORMAT={format!r}: use json or jsonl")
        if max_queue < 1:
            raise ConfigurationError(f"OTEL_INSTRUMENTATION_GENAI_UPLOAD_MAX_QUEUE_SIZE={max_queue}: use 1 or more")
        self.dropped = 0
        self.failed = 0
        self._told = 0  # how many of both the last flush knew of
        self._base_path = base_path
        self._format = format
        self._max_queue = max_queue
        file_system, root = _opened(base_path)
        self._base = str(file_system.unstrip_protocol(root)).rstrip("/")
        self._closed = False
        self._start_afresh()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=partial(_forked, weakref.ref(self)))

    def __call__(
        self,
        *,
        inputs: list[dict[str, Any]],
        outputs: list[dict[str, Any]],
        system: list[dict[str, Any]],
        tools: list[dict[str, Any]],
        span: object = None,  # noqa: ARG002
    ) -> dict[str, str]:
        """References for what there is, under ``gen_ai.input.messages_ref`` and the like. The lists are read later, so
        nobody may change them."""
        call = uuid4().hex
        files: dict[str, _File] = {}
        for attribute, items, kind, shared in (
            (semconv.INPUT_MESSAGES + _REFERENCE, inputs, "inputs", False),
            (semconv.OUTPUT_MESSAGES + _REFERENCE, outputs, "outputs", False),
            (semconv.SYSTEM + _REFERENCE, system, "system_instructions", True),
            (semconv.TOOLS + _REFERENCE, tools, "tool_definitions", True),
        ):
            if items:
                name = hashlib.sha256(encode(items).encode()).hexdigest() if shared else call
                files[attribute] = _File(f"{self._base}/{name}_{kind}.{self._format}", items, shared)
        if not self._put([file for file in files.values() if file.uri not in self._stored]):
            return {}
        return {attribute: file.uri for attribute, file in files.items()}

    def flush(self, timeout: float = 10.0) -> bool:
        """Waits until everything handed over so far is written; ``False`` when ``timeout`` seconds did not suffice, or
        when something since the last flush was dropped or could not be written."""
        written = self._waited(timeout)
        lost = self.failed + self.dropped
        complete, self._told = lost == self._told, lost
        return written and complete

    def _waited(self, timeout: float) -> bool:
        if self._thread is None:
            return True
        deadline = monotonic() + timeout
        done = threading.Event()
        try:
            self._queue.put(done, timeout=max(timeout, 0))
        except queue.Full:
            return False
        return done.wait(max(deadline - monotonic(), 0))

    def shutdown(self, timeout: float = 10.0) -> None:
        """Writes what waits, in at most ``timeout`` seconds. Content that comes later is dropped and counted."""
        with self._lock:
            self._closed = True
        thread = self._thread
        if self._waited(timeout) and thread is not None:
            self._thread = None
            self._queue.put(None)
            thread.join(timeout)

    def _start_afresh(self) -> None:
        # In a forked child the thread is gone and locks may be held for ever; what waited is the parent's to write.
        self._queue = queue.Queue(self._max_queue)
        self._thread = None
        self._lock = threading.Lock()
        self._stored = {}

    def _put(self, files: list[_File]) -> bool:
        if not files:
            return True
        with self._lock:
            if self._closed:
                self.dropped += 1
                return False
            try:
                self._queue.put_nowait(files)
            except queue.Full:
                self.dropped += 1
                return False
            if self._thread is None:
                self._thread = threads.start(self._work, "llmotel-upload")
        return True

    def _work(self) -> None:
        file_system: Any = None
        waiting = self._queue
        while (job := waiting.get()) is not None:
            if isinstance(job, threading.Event):
                job.set()
                continue
            for file in job:
                try:
                    if file_system is None:
                        file_system, _ = _opened(self._base_path)  # in this process: clients do not survive a fork
                    self._write(file_system, file)
                except Exception as error:
                    self._count(error)

    def _write(self, file_system: Any, file: _File) -> None:
        if not (file.shared and file_system.exists(file.uri)):
            if self._format == "json":
                lines = [encode(file.items)]
            else:
                lines = [encode({**item, "index": index}) for index, item in enumerate(file.items)]
            data = ("\n".join(lines) + "\n").encode("utf-8", "replace")
            try:
                file_system.pipe_file(file.uri, data)
            except FileNotFoundError:  # a file system that has directories
                file_system.makedirs(self._base, exist_ok=True)
                file_system.pipe_file(file.uri, data)
        if file.shared:
            if len(self._stored) >= _CACHE_SIZE:
                self._stored.clear()
            self._stored[file.uri] = None

    def _count(self, error: Exception) -> None:
        self.failed += 1
        if self.failed == 1:
            logger.warning(
                "llmotel: content could not be written below %s: %s (logged once; check the path and its permissions)",
                masked_uri(self._base), type(error).__name__,
            )  # fmt: skip


def _forked(reference: weakref.ref[UploadHook]) -> None:
    hook = reference()
    if hook is not None:
        hook._start_afresh()


def _opened(base_path: str) -> tuple[Any, str]:
    try:
        fsspec: Any = import_module("fsspec.core")
    except ImportError:
        raise ConfigurationError(
            "OTEL_INSTRUMENTATION_GENAI_COMPLETION_HOOK='upload' needs fsspec: pip install 'llmotel[upload]'"
        ) from None
    try:
        file_system, root = fsspec.url_to_fs(base_path)
    except Exception as error:
        raise ConfigurationError(
            f"OTEL_INSTRUMENTATION_GENAI_UPLOAD_BASE_PATH={masked_uri(base_path)!r}: fsspec cannot open it: "
            f"{masked_text(str(error))}"
        ) from None
    return file_system, str(root)


__all__ = ["UploadHook"]
