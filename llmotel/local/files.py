"""Files in and out: what ``llmotel local import`` reads, and what ``llmotel local export`` writes."""

from __future__ import annotations

import argparse
import gzip
import io
import json
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlencode

from llmotel.local import export
from llmotel.local.asking import Direct, Remote, Source
from llmotel.local.errors import LocalError, RequestError
from llmotel.local.filters import Parameters
from llmotel.local.receiver import Receiver
from llmotel.local.writer import Writer

_SIGNALS = {"resourceSpans": "traces", "resource_spans": "traces", "resourceMetrics": "metrics",
            "resource_metrics": "metrics", "resourceLogs": "logs", "resource_logs": "logs"}  # fmt: skip
_ZSTD, _GZIP = b"\x28\xb5\x2f\xfd", b"\x1f\x8b"
_TOGETHER = 16  # requests that are written at once


def lines(path: str) -> Iterator[bytes]:
    """The lines of a file, which may be compressed by gzip or zstd; ``-`` is standard input."""
    try:
        with sys.stdin.buffer if path == "-" else open(path, "rb") as raw:
            buffered = io.BufferedReader(raw)  # type: ignore[type-var]
            start = buffered.peek(4)[:4]
            opened: Any = buffered
            if start[:2] == _GZIP:
                opened = gzip.open(buffered)  # noqa: SIM115
            elif start == _ZSTD:
                import zstandard

                opened = io.BufferedReader(
                    zstandard.ZstdDecompressor().stream_reader(buffered, read_across_frames=True)
                )
            yield from opened
    except OSError as error:
        raise LocalError(f"{path} cannot be read: {error.strerror or error}") from None


def take(source: Source, path: str) -> tuple[int, int]:
    """Stores every request of OTLP in JSON that a line holds; how many did, and how many were refused."""
    if isinstance(source, Direct):
        return _direct(source, path)
    assert isinstance(source, Remote)
    taken = refused = 0
    for place, line in enumerate(lines(path), 1):
        signal = _signal(line, path, place)
        if signal is None:
            continue
        try:
            source.post(f"/v1/{signal}", line)
            taken += 1
        except LocalError as error:
            refused += 1
            print(f"{path}:{place}: {error}", file=sys.stderr)
    return taken, refused


def _direct(source: Direct, path: str) -> tuple[int, int]:
    writer = Writer(source.store)
    receiver = Receiver(writer)
    waiting: list[Any] = []
    taken = refused = 0
    try:
        for place, line in enumerate(lines(path), 1):
            signal = _signal(line, path, place)
            if signal is None:
                continue
            try:
                waiting.append(receiver.take(receiver.signals[signal], line, as_json=True).stored)
                taken += 1
            except LocalError as error:
                refused += 1
                print(f"{path}:{place}: {error}", file=sys.stderr)
            if len(waiting) >= _TOGETHER:
                for stored in waiting:
                    if stored is not None:
                        stored.result()
                waiting.clear()
    finally:
        receiver.close()
        writer.close()
    return taken, refused


def _signal(line: bytes, path: str, place: int) -> str | None:
    if not line.strip():
        return None
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        value = None
    found = [_SIGNALS[name] for name in value if name in _SIGNALS] if isinstance(value, dict) else []
    if len(found) != 1:
        raise LocalError(
            f"{path}:{place} is no request of OTLP in JSON (resourceSpans, resourceMetrics or resourceLogs); the "
            "collector's file exporter writes one on each line"
        )
    return found[0]


def give(source: Source, options: argparse.Namespace, pairs: list[tuple[str, str]]) -> int:
    """Writes what ``llmotel local export`` was asked for."""
    asked = [*pairs, ("format", options.format)]
    if options.output is None:
        if options.format == "parquet":
            raise LocalError("parquet is a file: name one with --output")
        _write(source, asked, sys.stdout.buffer)
        return 0
    partial = Path(f"{options.output}.part")
    try:
        with open(partial, "xb") as file:
            _write(source, asked, file)
        partial.replace(options.output)
    except FileExistsError:
        raise LocalError(f"{partial} is there already; another export may be under way") from None
    except OSError as error:
        raise LocalError(f"{options.output} cannot be written: {error.strerror}") from None
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return 0


def _write(source: Source, asked: list[tuple[str, str]], out: IO[bytes]) -> None:
    if isinstance(source, Remote):
        with source.open(f"/api/export?{urlencode(asked)}") as answer:
            shutil.copyfileobj(answer, out)
        return
    assert isinstance(source, Direct)
    try:
        form, found = export.chosen(Parameters(asked), time.time_ns())
    except RequestError as error:
        raise LocalError(error.detail) from None
    with source.store.reader() as reader:
        if form == "parquet":
            path = export.parquet(reader, found, source.store.exchange)
            try:
                with open(path, "rb") as made:
                    shutil.copyfileobj(made, out)
            finally:
                path.unlink()
            return
        for piece in export.lines(reader, form, found):
            out.write(piece.encode("utf-8", "replace"))
    out.flush()


__all__ = ["give", "lines", "take"]
