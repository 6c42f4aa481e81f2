"""A user's own prices: TOML, in front of the generated table."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, TypeAlias

from llmotel.errors import ConfigurationError
from llmotel.prices import PriceSet

Entry: TypeAlias = "tuple[str | None, str, PriceSet]"
"""One ``[[price]]``: the provider or ``None`` for any, the pattern of the model, the prices; in lower case."""

_PRICES = {
    "input": "per million input tokens",
    "output": "per million output tokens",
    "cache_read": "per million input tokens read from a cache",
    "cache_write": "per million input tokens written to a cache",
    "cache_write_1h": "per million input tokens written to a cache for an hour",
    "input_audio": "per million input tokens of audio",
    "output_audio": "per million output tokens of audio",
    "audio_hour": "per hour of input audio",
    "request": "per call",
}
_TEXTS = ("provider", "model")


class UserTable:
    """A user's own prices. The first entry that matches wins, whatever the case of its letters."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)

    def find(self, provider: str, models: Iterable[str]) -> PriceSet | None:
        """The prices for any of ``models`` (the names that one call has for its model) at ``provider``."""
        provider = provider.lower()
        names = [model.lower() for model in models]
        for only, pattern, prices in self.entries:
            if only in (None, provider) and any(fnmatchcase(name, pattern) for name in names):
                return prices
        return None


def load_user_table(path: str | os.PathLike[str]) -> UserTable:
    """Reads a price table in TOML: ``[[price]]`` tables, of which the first that matches a call wins.

    ``model`` is a pattern of ``fnmatch`` (``"gpt-5*"``), ``provider`` a ``gen_ai.provider.name`` or absent for any.
    ``input``, ``output``, ``cache_read``, ``cache_write``, ``cache_write_1h``, ``input_audio`` and ``output_audio`` are
    USD per million tokens, ``audio_hour`` is USD per hour of input audio, ``request`` USD per call. Cached and audio
    tokens without a price of their own cost what input and output tokens cost; input or output tokens without a price
    cost nothing.

    Raises :class:`ConfigurationError` naming the file, the key, its value and what is accepted.
    """
    name = os.fspath(path)
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        with open(name, "rb") as file:
            document = tomllib.load(file)
    except OSError as error:
        raise ConfigurationError(
            f"price table {name!r}: cannot be read ({error.strerror}); give the path of a TOML file"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"price table {name!r}: not TOML: {error}") from error
    tables = document.pop("price", [])
    for key in document:
        raise ConfigurationError(f"price table {name!r}: {key}: nothing but [[price]] tables is accepted")
    if not isinstance(tables, list):
        raise ConfigurationError(f"price table {name!r}: price={tables!r}: [[price]] tables are accepted")
    return UserTable(_entry(f"{name!r}, [[price]] {number}", table) for number, table in enumerate(tables, 1))


def _entry(where: str, table: Any) -> Entry:
    if not isinstance(table, dict):
        raise ConfigurationError(f"price table {where}: {table!r}: a table is accepted")
    for key, value in table.items():
        if key in _TEXTS:
            if not isinstance(value, str) or not value:
                raise _wrong(where, key, table, "a text is accepted")
        elif key not in _PRICES:
            raise _wrong(where, key, table, f"the keys accepted are {', '.join((*_TEXTS, *_PRICES))}")
        elif isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= sys.float_info.max:
            raise _wrong(where, key, table, f"a number of USD {_PRICES[key]}, zero or more, is accepted")
    if "model" not in table:
        raise ConfigurationError(f'price table {where}: model is missing; give a pattern such as model = "gpt-5*"')
    given = {key: float(table[key]) for key in _PRICES if key in table}
    if not given.keys() & {"input", "output", "audio_hour", "request"}:
        raise ConfigurationError(
            f"price table {where}: no price; give at least one of input, output, audio_hour, request"
        )
    if "cache_read" in given and "input_audio" in given:
        given["cache_read_audio"] = given["cache_read"]
    provider = table.get("provider")
    return provider.lower() if provider else None, table["model"].lower(), given


def _wrong(where: str, key: str, table: Mapping[str, Any], accepted: str) -> ConfigurationError:
    return ConfigurationError(f"price table {where}: {key}={table[key]!r}: {accepted}")
