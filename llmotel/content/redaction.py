"""Redaction: secrets and personal data that captured text may hold, found by kind and replaced by the kind's name.

Nearly every text is clean, so cleanness has to be cheap: one scan looks for the *scent* of every rule. All its branches
begin with one plain character, because then ``re`` skips from one such character to the next without trying a branch.
For the same reason every pattern begins with a character and looks back afterwards, and none can take a run of
characters up again from its middle: a text of megabytes is searched in time proportional to its length.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from llmotel.errors import ConfigurationError

KINDS = ("api_keys", "bearer", "email", "card")
"""In the order in which they are looked for: a bearer token may be an API key."""

NAMED_SECRET = "[REDACTED:api_keys]"
"""What stands for the value of a key that says that it is secret."""

_VALUE = r"""[^\s"'`\\,;&<>(){}\[\]]"""  # a character of a value that is assigned to a name
_TOKEN = "[A-Za-z0-9._~+/=-]"
_BEFORE_KEY = "api|ess|ret|ate|uth|ion"  # ends of api, access, secret, private, auth, subscription, encryption
_GAP = "[ -]{1,3}"
_SECRET_NAME = (
    rf"[kKtTsSpP](?i:(?:(?<=(?:{_BEFORE_KEY})k)|(?<=(?:{_BEFORE_KEY})[ _-]k))ey"
    r"|(?<=[_-]t)oken|(?<=[_-]s)ecret|(?<=p)assw(?:or)?d)"
)


class _Rule(NamedTuple):
    """Every match of ``pattern`` holds, or is next to, one of the characters that are keys of ``prefilters``, and the
    prefilter matches there: in the text itself and in the text as a JSON string, where what is before or after the
    secret can be part of an escape. What a group of ``pattern`` matches is not secret and stays."""

    kind: str
    pattern: str
    prefilters: dict[str, str]


_RULES = (
    _Rule(
        "api_keys",
        r"sk-(?:(?<![A-Za-z0-9]sk-)|(?:ant|proj|svcacct|admin|or)-)[\w-]{12,}"
        r"|xox[a-z]-[\w-]{10,}|xai-[\w-]{16,}|pplx-[\w-]{16,}|sk_(?:live|test)_\w{10,}|rk_(?:live|test)_\w{10,}"
        r"|gsk_[A-Za-z0-9]{16,}|hf_[A-Za-z0-9]{16,}|gh[oprsu]_[A-Za-z0-9]{16,}|github_pat_\w{16,}"
        r"|A[KS]IA[A-Z0-9]{12,}|AIza[\w-]{20,}",
        {
            "-": r"(?<=sk-)[\w-]{12}|(?<=xox[a-z]-)|(?<=xai-)|(?<=pplx-)",
            "_": r"(?<=[rs]k_(?:live|test)_)|(?<=gsk_)|(?<=hf_)|(?<=gh[oprsu]_)|(?<=hub_pat_)",
            "I": "(?<=A[KS]I)A|(?<=AI)za",
        },
    ),
    _Rule(
        "api_keys",  # assigned to a name; without a digit it is rather a name itself, as in api_key=settings.api_key
        rf"""({_SECRET_NAME}[\\"' ]{{0,4}}[:=][\\"' >=]{{0,4}})(?={_VALUE}{{0,99}}[0-9]){_VALUE}{{8,}}""",
        {
            "kK": rf"(?i:(?:(?<=(?:{_BEFORE_KEY})k)|(?<=(?:{_BEFORE_KEY})[ _-]k))ey[^:=]{{0,8}}[:=])"
            r"|(?i:(?<=[_-]tok)en[^:=]{0,8}[:=])",
            "_-": "(?i:secret[^:=]{0,8}[:=])",
            "wW": "(?i:(?<=passw)(?:or)?d[^:=]{0,8}[:=])",
        },
    ),
    _Rule(
        "api_keys",
        rf"([kK](?i:ey=)(?<![A-Za-z0-9]....))(?={_VALUE}{{0,99}}[0-9]){_VALUE}{{16,}}",
        {"=": "(?i:(?<=key=))"},
    ),
    _Rule(
        "bearer",
        rf"""([bB](?i:earer)["'\s:=]{{1,4}})(?:(?={_TOKEN}{{0,99}}[0-9]){_TOKEN}{{8,}}|{_TOKEN}{{20,}})""",
        {"bB": "(?i:earer)"},
    ),
    _Rule("bearer", r"eyJ(?<![\w-]eyJ)[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?", {"J": "(?<=eyJ)"}),  # a JSON Web Token
    _Rule("email", r"[\w.%+-](?<![\w.%+-]{2})[\w.%+-]*@(?:[\w-]+\.)+[^\W\d_]{2,}", {"@": r"[\w-]+\."}),
    _Rule(
        "card",
        # Solid, or in the groups that are printed on cards and typed from them: 4-4-4-4, 4-6-5, 6-13 and the like.
        rf"[2-6](?<![\w+.][2-6])(?:[0-9]{{12,18}}|[0-9]{{3}}{_GAP}(?:[0-9]{{4}}{_GAP}[0-9]{{4}}{_GAP}[0-9]{{4}}"
        rf"(?:{_GAP}[0-9]{{1,3}})?|[0-9]{{6}}{_GAP}[0-9]{{4,5}}|[0-9]{{4}}{_GAP}[0-9]{{5}})"
        rf"|[0-9]{{5}}{_GAP}[0-9]{{7,13}}|[0-9]{{7}}{_GAP}[0-9]{{8}})(?!\w|\.[0-9])",
        {"23456": "(?:[ -]{0,3}[0-9]){12}"},
    ),
)
# Patterns are compiled when somebody wants redaction, not on import.
_NAMED_SECRET = _SECRET_NAME + r"\Z"
_SECRET_VALUE = rf"(?={_VALUE}*[0-9]){_VALUE}{{8,}}"
_ISSUED = (  # the lengths and first digits that card issuers use: most ids and timestamps have others
    "4[0-9]{12}(?:[0-9]{3}){0,2}|5[1-5][0-9]{14}|2[2-7][0-9]{14}|(?:5[06-8]|6[0-9])[0-9]{14,17}"
    "|3(?:[47][0-9]{13}|[0689][0-9]{12}|5[0-9]{14})"
)
_FOUR = "[0-9]{4}"
_ROW = 64  # characters on either side of a number in which its neighbours are looked for
_DOUBLED = str.maketrans("0123456789", "0246813579")


class Redactor:
    """Takes secrets out of text.

    ``kinds`` are names out of :data:`KINDS`; an unknown one is a ``ConfigurationError``. ``custom`` sees the text after
    the built-in kinds and returns what is recorded instead; if it raises or returns no string, the text is recorded as
    ``[REDACTED:error]`` and ``on_error`` is told. Safe in threads.
    """

    def __init__(
        self,
        kinds: Sequence[str] = (),
        custom: Callable[[str], str] | None = None,
        *,
        on_error: Callable[[Exception], None] | None = None,
    ) -> None:
        unknown = [kind for kind in kinds if kind not in KINDS]
        if unknown:
            raise ConfigurationError(f"LLMOTEL_REDACT={','.join(unknown)!r}: use a comma list of {', '.join(KINDS)}")
        rules = [rule for rule in _RULES if rule.kind in kinds]
        self._prefilter = _prefilter(rules)
        self._rules = [(rule.kind, _prefilter([rule]), re.compile(rule.pattern)) for rule in rules]
        by_name = "api_keys" in kinds
        self._named_secret = re.compile(_NAMED_SECRET).search if by_name else None
        self._secret_value = re.compile(_SECRET_VALUE).fullmatch if by_name else None
        self._custom = custom
        self._on_error = on_error

    @property
    def is_custom(self) -> bool:
        """Whether a function of the application's has a say."""
        return self._custom is not None

    def text(self, text: str) -> str:
        """``text`` with every secret in it replaced by ``[REDACTED:kind]``. Never raises."""
        return self.subn(text)[0]

    def may_contain_secret(self, serialised: str) -> bool:
        """Whether a string of the JSON document ``serialised`` may need redaction; ``False`` is certain.

        The document has to be as it is without ``ensure_ascii``.
        """
        return self._custom is not None or self._prefilter(serialised) is not None

    def subn(self, text: str, name: str = "") -> tuple[str, int]:
        """``text`` redacted, and how many redactions that took.

        ``name`` is the key under which the text stands: the value of ``{"api_key": ...}`` is as secret as that of
        ``api_key=...``.
        """
        if name and self.is_named_secret(name, text):
            return NAMED_SECRET, 1
        text, count = self.builtin(text)
        text, changed = self.customised(text)
        return text, count + changed

    def builtin(self, text: str) -> tuple[str, int]:
        """The same without a name and without the custom redaction."""
        if self._prefilter(text) is None:
            return text, 0
        count = 0
        for kind, prefilter, pattern in self._rules:
            if prefilter(text) is not None:
                text, found = _without(kind, pattern, text)
                count += found
        return text, count

    def customised(self, text: str) -> tuple[str, int]:
        """The custom redaction alone, where there is one."""
        if self._custom is None:
            return text, 0
        changed = self._customised(text, self._custom)
        return changed, int(changed != text)

    def is_named_secret(self, name: str, text: str) -> bool:
        """Whether ``text`` is secret because of the key ``name`` under which it stands."""
        if self._named_secret is None or self._secret_value is None:
            return False
        return self._named_secret(name) is not None and self._secret_value(text) is not None

    def _customised(self, text: str, custom: Callable[[str], str]) -> str:
        try:
            changed = custom(text)
            if not isinstance(changed, str):
                raise TypeError(f"the redaction callable returned {type(changed).__name__}, not str")
        except Exception as error:
            if self._on_error is not None:
                self._on_error(error)
            return "[REDACTED:error]"
        return changed


def _prefilter(rules: Sequence[_Rule]) -> Callable[[str], re.Match[str] | None]:
    branches = [
        f"{re.escape(character)}(?:{prefilter})"
        for rule in rules
        for characters, prefilter in rule.prefilters.items()
        for character in characters
    ]
    return re.compile("|".join(branches) or "(?!)").search


def _without(kind: str, pattern: re.Pattern[str], text: str) -> tuple[str, int]:
    marker = f"[REDACTED:{kind}]"
    if kind != "card":
        return pattern.subn(rf"\g<1>{marker}" if pattern.groups else marker, text)
    pieces: list[str] = []
    done = 0
    for start, end in _cards(text, pattern):
        pieces += (text[done:start], marker)
        done = end
    return "".join((*pieces, text[done:])), len(pieces) // 2


def _cards(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Where the card numbers are. Digits before or after a number can look like part of it ("4111 1111 1111 1111 123"),
    so shorter ends and later starts are tried too."""
    position = 0
    while match := pattern.search(text, position):
        candidate = match.group()
        while candidate and not _is_card(candidate):
            candidate = candidate[: max(candidate.rfind(" "), candidate.rfind("-"), 0)].rstrip(" -")
        if candidate and not _in_table(text, match.start(), match.start() + len(candidate)):
            yield match.start(), match.start() + len(candidate)
        position = match.start() + (len(candidate) or 1)


def _in_table(text: str, start: int, end: int) -> bool:
    """Whether the number stands in a row of four-digit numbers, of which some happen to look like a card. One neighbour
    may be a year or a code; more have to be cards themselves."""
    before = re.search(rf"(?<![0-9])(?:{_FOUR}{_GAP})+\Z", text[max(start - _ROW, 0) : start])
    after = re.match(rf"(?:{_GAP}{_FOUR}(?![0-9]))+", text[end : end + _ROW])
    ahead = re.findall(_FOUR, before[0]) if before else []
    behind = re.findall(_FOUR, after[0]) if after else []
    if len(ahead) + len(behind) <= 1:
        return False
    if len(ahead) % 4 + len(behind) % 4 > 1:
        return True
    rows = [ahead[len(ahead) % 4 :], behind[: len(behind) // 4 * 4]]
    return not all(_is_card("".join(row[at : at + 4])) for row in rows for at in range(0, len(row), 4))


def _is_card(candidate: str) -> bool:
    digits = candidate.replace(" ", "").replace("-", "")
    # Luhn's check: every second digit from the right counts double, with the digits of the double added up.
    return bool(re.fullmatch(_ISSUED, digits)) and not (
        sum(map(int, digits[::-2] + digits[-2::-2].translate(_DOUBLED))) % 10
    )


__all__ = ["KINDS", "NAMED_SECRET", "Redactor"]
