"""The caller's own attributes: feature, user, session, tenant, prompt and whatever else tells calls apart.

They travel in the OpenTelemetry context, so they reach calls in the same task or thread and wherever the context is
carried on; across processes only by baggage, and only when ``baggage_tags`` asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any

from opentelemetry import context

from llmotel import runtime, semconv
from llmotel.guard import log_once
from llmotel.model.inference import AttributeValue
from llmotel.signals.attachment import detach
from llmotel.signals.attributes import truncate

TAGS_KEY = context.create_key("llmotel-tags")
AGENT_KEY = context.create_key("llmotel-agent")  # the run of llmotel.agent() that is under way
_BAGGAGE_PREFIX = "llmotel."
_OTHER = "other"
_MOST = 128  # entries of a list
MOST_TAGS = 64  # of one call: the 128 attributes of a span hold them and all that the conventions have
_INT64 = 1 << 63

# Tags that the conventions, or we, have a name of their own for.
_NAMES = {
    "feature": semconv.FEATURE,
    "tenant": semconv.TENANT,
    "tenant_id": semconv.TENANT,
    "user": semconv.USER,
    "user_id": semconv.USER,
    "session": semconv.SESSION,
    "session_id": semconv.SESSION,
    "conversation_id": semconv.CONVERSATION,
    "prompt_name": semconv.PROMPT_NAME,
    "prompt_version": semconv.PROMPT_VERSION,
    "agent": semconv.AGENT_NAME,
    "agent_name": semconv.AGENT_NAME,
}


def attribute_name(tag: str) -> str:
    """The attribute that a tag becomes: ``user_id`` -> ``user.id``, ``team`` -> ``llmotel.tag.team``."""
    return _NAMES.get(tag) or semconv.TAG_PREFIX + truncate(tag)


@contextmanager
def tags(**values: AttributeValue | None) -> Iterator[None]:
    """Puts ``values`` on every call made inside the ``with`` block: on spans always, on metrics for the keys listed in
    ``metric_tags``. Blocks nest, the inner one wins; ``None`` values are left out.

    >>> with llmotel.tags(feature="search", user_id="u-17", prompt_name="answer", prompt_version="3"):
    ...     client.chat.completions.create(...)
    """
    changed = with_tags(context.get_current(), named(values))
    if runtime.propagates_tags:
        from opentelemetry import baggage  # 1 ms that those who do not ask for it do not wait for

        for tag, value in values.items():
            if value is not None:
                changed = baggage.set_baggage(_BAGGAGE_PREFIX + tag, str(_single(value)), changed)
    token = context.attach(changed)
    try:
        yield
    finally:
        detach(token)  # an asynchronous generator's block may be closed by another task


def named(values: Mapping[str, object]) -> dict[str, AttributeValue]:
    """Tags by attribute name; ``None`` values are left out."""
    return {attribute_name(tag): _attribute(value) for tag, value in values.items() if value is not None}


def fit(given: Mapping[str, object]) -> dict[str, AttributeValue]:
    """Values by attribute name, as attributes can hold them."""
    return {name: _attribute(value) for name, value in given.items()}


def with_tags(here: context.Context, given: Mapping[str, AttributeValue]) -> context.Context:
    """``here`` with the tags ``given``, by attribute name, over those that it has."""
    known = here.get(TAGS_KEY)
    return context.set_value(TAGS_KEY, _some({**known, **given} if isinstance(known, Mapping) else given), here)


def _some(tags: Mapping[str, AttributeValue]) -> Mapping[str, AttributeValue]:
    if len(tags) <= MOST_TAGS:
        return tags
    log_once(f"tags: {MOST_TAGS} tags are recorded of a call, and the others left out")
    return dict(islice(tags.items(), MOST_TAGS))


def _attribute(value: object) -> Any:
    """``value`` as an attribute can hold it, and a set find it: what is no such thing (a UUID, an enum) as text."""
    if isinstance(value, (list, tuple)):
        items = [_single(item) for item in value[:_MOST]]
        return (
            tuple(items) if len({type(item) for item in items}) <= 1 else tuple(truncate(str(item)) for item in items)
        )
    return _single(value)


def _single(value: object) -> str | bool | int | float:
    if isinstance(value, str):
        return truncate(str.__str__(value))  # of an enum's member the text
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and -_INT64 <= value < _INT64:
        return int(value)
    if isinstance(value, float):
        return float(value)
    try:
        return truncate(str(value))
    except Exception:  # the caller's own class, or a number of thousands of digits
        return f"<{type(value).__name__}>"


def current_tags(here: context.Context) -> Mapping[str, AttributeValue]:
    """The tags in force in ``here``, by attribute name: those of :func:`tags` over those that came as baggage."""
    local = here.get(TAGS_KEY)
    if not runtime.propagates_tags:
        return local if isinstance(local, Mapping) else {}
    from opentelemetry import baggage

    received = {
        attribute_name(key[len(_BAGGAGE_PREFIX) :]): _single(value)
        for key, value in baggage.get_all(here).items()
        if key.startswith(_BAGGAGE_PREFIX)
    }
    return _some({**received, **local} if isinstance(local, Mapping) else received)


class MetricTags:
    """The tags that reach metrics, each with at most ``limit`` values; later ones become ``other``.

    A tag is low-cardinality because the user says so; the limit is for when that turns out to be wrong. To be asked by
    the backlog's jobs only.
    """

    def __init__(self, keys: tuple[str, ...], limit: int) -> None:
        self._tags = tuple(map(attribute_name, keys))
        self._seen: dict[str, set[AttributeValue]] = {}
        self.limit = limit
        self.overflow = 0

    def of(self, present: Mapping[str, AttributeValue]) -> dict[str, AttributeValue]:
        """The part of ``present`` that belongs on metrics."""
        chosen: dict[str, AttributeValue] = {}
        for name in self._tags:
            value = present.get(name)
            if value is not None:
                chosen[name] = self.limited(name, value)
        return chosen

    def limited(self, name: str, value: AttributeValue, other: str = _OTHER) -> AttributeValue:
        """``value`` for the attribute ``name`` of a metric, or ``other`` when there have been too many."""
        seen = self._seen.setdefault(name, set())
        if value not in seen:
            if len(seen) >= self.limit:
                self.overflow += 1
                return other
            seen.add(value)
        return value
