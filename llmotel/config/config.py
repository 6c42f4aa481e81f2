"""The configuration: one frozen object, built once from the table in :mod:`llmotel.config.settings`.

Argument of ``init()`` before ``LLMOTEL_*`` before ``OTEL_*`` before default. A wrong value is a
:class:`~llmotel.errors.ConfigurationError` at ``init()`` that names the variable, the value and what is accepted.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from typing import Any

from llmotel.config.settings import SETTINGS, SIGNALS, Setting, settings_markdown
from llmotel.errors import ConfigurationError
from llmotel.model.structs import FrozenStruct

logger = logging.getLogger("llmotel")

# Read by the tests and benchmarks, and by the stack around the library, which may share an .env file with it.
_NOT_SETTINGS = ("LLMOTEL_TEST_", "LLMOTEL_BENCH_", "LLMOTEL_STACK_", "LLMOTEL_ALERT_")
_GENAI = "OTEL_INSTRUMENTATION_GENAI_"
_OWN = ("LLMOTEL_", _GENAI)  # what content is recorded and where it goes is no place for a guess
_logged: set[str] = set()
_KEYWORDS = {setting.keyword: setting.keyword for setting in SETTINGS if setting.keyword is not None}


class Config(FrozenStruct):
    """Every setting, parsed and checked, under its name in :data:`SETTINGS`."""

    service_name: str | None
    resource_attributes: Mapping[str, str]
    endpoint: str | None
    headers: Mapping[str, str]
    protocol: str
    traces_exporter: tuple[str, ...]
    metrics_exporter: tuple[str, ...]
    logs_exporter: tuple[str, ...]
    traces_endpoint: str | None
    metrics_endpoint: str | None
    logs_endpoint: str | None
    traces_protocol: str | None
    metrics_protocol: str | None
    logs_protocol: str | None
    timeout: float
    traces_timeout: float | None
    metrics_timeout: float | None
    logs_timeout: float | None
    sampler: str
    sampler_arg: float | None
    metric_interval: int
    metric_temporality: str
    metric_histogram: str
    bsp_schedule_delay: int
    bsp_max_queue_size: int
    bsp_max_export_batch_size: int
    blrp_schedule_delay: int
    blrp_max_queue_size: int
    blrp_max_export_batch_size: int
    sdk_disabled: bool
    disabled_instrumentations: tuple[str, ...]
    semconv: str
    content: str
    content_max_bytes: int
    content_sample_ratio: float
    redact: tuple[str, ...]
    redactor: Callable[[str], str] | None
    completion_hook: str | Callable[..., object] | None
    upload_base_path: str | None
    upload_format: str
    upload_max_queue_size: int
    stream_usage: str
    metric_tags: tuple[str, ...]
    metric_tag_values: int
    baggage_tags: bool
    adopt: str
    events: str
    prices: str | None
    provider_hosts: Mapping[str, str]
    console: bool
    exit_flush: bool
    child_processes: bool
    isolated: bool
    disabled: bool
    error_limit: int
    raise_errors: bool
    origins: Mapping[str, str]
    ignored: tuple[str, ...]

    @classmethod
    def load(cls, arguments: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None) -> Config:
        """The configuration in force for ``arguments`` (those of ``init()``; ``None`` means not given) in ``environ``.

        Raises :class:`ConfigurationError` for a wrong value or an unknown argument. Ignored, with one line in the log,
        are a misspelt ``LLMOTEL_*`` variable and an ``OTEL_*`` variable with a value that llmotel does not know: other
        components read those too (OpenTelemetry specification, "Environment variables"). ``ignored`` holds these lines.
        """
        try:
            return cls._load(arguments, environ)
        except ConfigurationError as error:
            # Without the frames in which it came up: their variables hold the whole environment, and some handlers of
            # errors show variables.
            del arguments, environ
            raise error.with_traceback(None) from None

    @classmethod
    def _load(cls, arguments: Mapping[str, object] | None, environ: Mapping[str, str] | None) -> Config:
        given = {name: value for name, value in (arguments or {}).items() if value is not None}
        environ = os.environ if environ is None else environ
        for name in given:
            if name not in _KEYWORDS:
                raise ConfigurationError(f"init({name}=...) is not an argument.{_closest(name, _KEYWORDS)}")
        values: dict[str, Any] = {}
        origins: dict[str, str] = {}
        ignored: list[str] = []
        for setting in SETTINGS:
            values[setting.name], origins[setting.name] = _value(setting, given, environ, ignored)
        config = cls(**values, origins=origins, ignored=tuple(ignored))
        _check(config)
        _warn_of_unknown(environ)
        for line in ignored:
            if line not in _logged:
                _logged.add(line)
                logger.warning("llmotel: %s", line)
        return config

    def __repr__(self) -> str:
        shown = (f"{setting.name}={setting.shown(getattr(self, setting.name))!r}" for setting in SETTINGS
                 if self.origins[setting.name] != "default")  # fmt: skip
        return f"Config({', '.join(shown)})"

    def origin(self, name: str) -> str:
        """Where the value of ``name`` came from: ``argument``, the name of a variable, or ``default``."""
        return self.origins[name]

    def protocol_of(self, signal: str) -> str:
        """``grpc`` or ``http/protobuf`` for ``traces``, ``metrics`` or ``logs``."""
        own: str | None = getattr(self, f"{signal}_protocol")
        return own if own and self.origin("protocol") != "argument" else self.protocol

    def url(self, signal: str) -> str:
        """The full URL to which ``traces``, ``metrics`` or ``logs`` are posted; for grpc the endpoint itself."""
        own: str | None = getattr(self, f"{signal}_endpoint")
        if own and self.origin("endpoint") != "argument":
            return own
        if self.protocol_of(signal) == "grpc":
            return self.endpoint or "http://localhost:4317"
        base, mark, query = (self.endpoint or "http://localhost:4318").partition("?")
        return f"{base.rstrip('/')}/v1/{signal}{mark}{query}"

    def timeout_of(self, signal: str) -> float:
        """Longest time for one export of ``traces``, ``metrics`` or ``logs``, in seconds."""
        own: float | None = getattr(self, f"{signal}_timeout")
        return own if own is not None and self.origin("timeout") != "argument" else self.timeout

    def is_chosen(self, signal: str) -> bool:
        """Whether somebody said where ``signal`` is to go, so that the default endpoint is no guess."""
        names = ("endpoint", f"{signal}_endpoint", f"{signal}_exporter")
        return any(self.origin(name) != "default" for name in names)

    def rows(self) -> list[tuple[str, str, str]]:
        """``(name, value, origin)`` of every setting, fit to be shown, under the name of its argument of ``init()``."""
        return [
            (setting.keyword or setting.name, setting.shown(getattr(self, setting.name)), self.origins[setting.name])
            for setting in SETTINGS
        ]


def _value(
    setting: Setting, given: Mapping[str, object], environ: Mapping[str, str], ignored: list[str]
) -> tuple[object, str]:
    keyword = setting.keyword
    if keyword is not None and keyword in given:
        value = given[keyword]
        said = f"init({keyword}={setting.quoted(value)})"
        return _parsed(setting, value, said, f"{keyword}={setting.example!r}"), "argument"
    for variable in setting.variables:
        text = environ.get(variable, "").strip()
        if text:  # an empty variable is an unset one (OpenTelemetry specification, "Environment variables")
            said = f"{variable}={setting.quoted(text)} (from the environment)"
            try:
                return _parsed(setting, text, said, f"{variable}={setting.example}"), variable
            except ConfigurationError:
                if variable.startswith(_OWN):
                    raise
                ignored.append(f"{said} is ignored: llmotel takes {setting.accepted}")
    return setting.default, "default"


def _parsed(setting: Setting, value: object, said: str, example: str) -> object:
    try:
        return setting.parse(value)
    except (ValueError, TypeError):
        raise ConfigurationError(
            f"{said}: accepted is {setting.accepted}, for example {example}. {setting.help}"
        ) from None


def _check(config: Config) -> None:
    """What no single value can get wrong."""
    if config.completion_hook == "upload" and config.upload_base_path is None:
        raise ConfigurationError(
            f"{_GENAI}COMPLETION_HOOK='upload' needs {_GENAI}UPLOAD_BASE_PATH: where content is put, for example "
            f"{_GENAI}UPLOAD_BASE_PATH=s3://bucket/prompts."
        )


def _warn_of_unknown(environ: Mapping[str, str]) -> None:
    known = {variable for setting in SETTINGS for variable in setting.variables}
    unknown = sorted(
        name for name in environ
        if name.startswith("LLMOTEL_") and name not in known and not name.startswith(_NOT_SETTINGS)
    )  # fmt: skip
    if not unknown:
        return
    # LLMOTEL_SERVICE_NAME and the like: a good guess at a setting that OpenTelemetry has the name for.
    guesses = {word: setting.variables[0] for setting in SETTINGS if setting.variables
               for word in (setting.name, setting.keyword or setting.name)}  # fmt: skip
    guesses.update({_word(name): name for name in known if name.startswith("LLMOTEL_")})
    said = [f"{name} is not a setting.{_closest(_word(name), guesses)}" for name in unknown]
    logger.warning("llmotel: %s", " ".join(said))


def _word(variable: str) -> str:
    return variable.removeprefix("LLMOTEL_").lower()


def _closest(word: str, meanings: Mapping[str, str]) -> str:
    import difflib

    found = difflib.get_close_matches(word, meanings, n=1, cutoff=0.7)
    return f" Did you mean {meanings[found[0]]}?" if found else " `llmotel settings` lists them all."


__all__ = ["SETTINGS", "SIGNALS", "Config", "Setting", "settings_markdown"]
