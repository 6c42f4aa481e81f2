"""The JSON of whole messages: encoded as they are where they are clean, and remembered."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from llmotel.content.message_cache import Fragment, MessageCache, key_of
from llmotel.content.redaction import Redactor
from llmotel.content.sanitizer import JsonSanitizer
from llmotel.content.truncation import encode, size_of


class FragmentEncoder:
    """Encodes whole values, redacted. A message with a string over ``longest`` is not looked up in ``cache``."""

    def __init__(self, redactor: Redactor | None, cache: MessageCache | None, longest: int) -> None:
        self._redactor = redactor
        self._cache = cache
        self._longest = longest

    def known(self, message: Any) -> tuple[Hashable, Fragment | None]:
        """The key of ``message``, ``None`` where it cannot be remembered, and what it became before."""
        if self._cache is None:
            return None, None
        key = key_of(message, self._longest)
        return key, None if key is None else self._cache.get(key)

    def encoded(self, value: Any, depth: int, *, plain: bool, key: Hashable = None) -> Fragment:
        """``value``, which stands ``depth`` levels deep. ``plain`` says that the encoder may see it as it is; under
        ``key`` it is remembered."""
        fragment = self._as_it_is(value) if plain else None
        if fragment is None:
            sanitizer = JsonSanitizer(self._redactor, blobs=False)
            text = encode(sanitizer.copy(value, depth))
            fragment = Fragment(text, size_of(text), sanitizer.redactions)
        if key is not None and self._cache is not None:
            self._cache.put(key, fragment)
        return fragment

    def _as_it_is(self, value: Any) -> Fragment | None:
        try:
            text = encode(value)
            if self._redactor is None or not self._redactor.may_contain_secret(text):
                return Fragment(text, size_of(text))  # a lone surrogate raises here
        except Exception:  # no JSON after all: the copy has neither NaN nor keys that are no strings
            pass
        return None


__all__ = ["FragmentEncoder"]
