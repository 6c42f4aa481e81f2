"""What a person may see of a setting: URIs without credentials, headers without values.

Everything that shows a URI, a header or another party's message about one goes through here: ``status()``, ``llmotel
settings``, ``doctor``, ``repr()``, log lines, error messages. In doubt more is hidden than needed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

MASK = "***"

# Not compiled here: what is shown is shown rarely, and init() is to be quick.
_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*://|//"
_CHAIN = r"::(?=[A-Za-z][A-Za-z0-9+.-]*://)"  # fsspec: simplecache::s3://bucket
_URI_IN_TEXT = r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>]+"
_QUERY_IN_TEXT = r"\?[^\s'\"<>=]+=[^\s'\"<>]*"
_SECRET_NAME = (
    r"(?i)token|secret|passw|pwd|(?:api|access|private|account).?key|auth|credential|cookie|dsn|connection.?str"
    r"|signature|(?:^|[._-])(?:sig|key|pw)$"
)
_SECRET_VALUE = (
    r"(?i:bearer|basic) \S+|\b(?:sk|pk|rk|xai|pplx|glpat|xox[a-z])-[\w-]{8,}"
    r"|\b(?:sk|rk|gsk|hf|gh[oprsu]|github_pat)_\w{8,}|\bA[KS]IA[A-Z0-9]{12,}|\bAIza[\w-]{20,}|\beyJ[\w-]{8,}\.[\w-]{8,}"
)


def masked_uri(value: str) -> str:
    """``value`` without user information and without the values of its query.

    Passwords in the wild hold ``@``, ``/`` and ``?`` unquoted, and then a URI has several readings. The one that hides
    most is taken, and where none is safe, everything after the scheme is hidden.
    """
    return "::".join(_masked_uri(link) for link in re.split(_CHAIN, value))


def _masked_uri(value: str) -> str:
    found = re.match(_SCHEME, value)
    scheme, rest = (found[0], value[found.end() :]) if found else ("", value)
    place, query, after = _parted(rest)
    authority = re.split(r"[/\\?#]", rest, maxsplit=1)[0]
    if "@" in rest and (":" in authority or "@" in authority):
        if "@" in after:
            return scheme + MASK  # what looks like the query may belong to the password
        place = f"{MASK}@{place.rpartition('@')[2]}"
    return scheme + place + query


def _parted(rest: str) -> tuple[str, str, str]:
    """What is before the query, the query as it may be shown, and as it is."""
    place, mark, after = rest.partition("?")
    if "#" in place:
        place, mark, after = place.partition("#")[0], "#", rest.partition("#")[2]
    if not mark:
        return place, "", ""
    if mark == "#":
        return place, f"#{MASK}", after
    pairs = (pair.partition("=") for pair in after.split("&"))
    shown = "&".join(f"{key}={MASK}" if equals else MASK for key, equals, _ in pairs)
    return place, f"?{shown}", after


def masked_pairs(value: str) -> str:
    """``key=value`` pairs, as of headers, without the values."""
    entries = (entry.partition("=") for entry in value.split(","))
    return ",".join(f"{key}={MASK}" if equals else MASK for key, equals, _ in entries)


def masked_attributes(value: str) -> str:
    """``key=value`` pairs, as of a resource, without the values that are secret by their name or by their look."""
    return ",".join(_masked_pair(entry) for entry in value.split(","))


def _masked_pair(entry: str) -> str:
    key, equals, text = entry.partition("=")
    if not equals:
        return masked_text(entry)
    return f"{key}={MASK if re.search(_SECRET_NAME, key.strip()) else masked_text(text)}"


def masked_text(text: str) -> str:
    """Any text, such as another library's message about an export, without the credentials of the URIs in it."""
    text = re.sub(_URI_IN_TEXT, lambda found: masked_uri(found[0]), text)
    text = re.sub(_QUERY_IN_TEXT, lambda found: _parted(found[0])[1], text)
    return re.sub(_SECRET_VALUE, MASK, text)


class Secret(str):
    """Text whose ``repr()`` is a mask: what debuggers and traceback printers show of variables."""

    def __repr__(self) -> str:
        return repr(MASK)


class SecretUri(str):
    """A URI whose ``repr()`` is without credentials."""

    def __repr__(self) -> str:
        return repr(masked_uri(str(self)))


def concealed(values: Mapping[str, str]) -> dict[str, str]:
    """``values`` as they are, with a ``repr()`` that shows none of them."""
    return {key: Secret(value) for key, value in values.items()}


__all__ = ["MASK", "Secret", "SecretUri", "concealed", "masked_attributes", "masked_pairs", "masked_text", "masked_uri"]
