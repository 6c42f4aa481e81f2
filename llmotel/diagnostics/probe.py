"""Does an OTLP endpoint answer? Asked with a request that holds nothing, over the protocol that would be used."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from llmotel.config.config import Config
from llmotel.config.masking import masked_text, masked_uri
from llmotel.config.parsing import headers

_METHODS = {
    "traces": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "metrics": "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    "logs": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
}
_START = "Start an OTLP receiver there, or say where one is: OTEL_EXPORTER_OTLP_ENDPOINT"
_PORTS = "By convention port 4318 takes http/protobuf, 4317 grpc: change the port or OTEL_EXPORTER_OTLP_PROTOCOL"
_TLS = "Set OTEL_EXPORTER_OTLP_CERTIFICATE, or write http:// for plain text"
_KEY = "Put the key into OTEL_EXPORTER_OTLP_HEADERS, for example x-api-key=..., as the backend's documentation says"
_PATH = "OTEL_EXPORTER_OTLP_ENDPOINT is a base URL; /v1/traces, /v1/metrics and /v1/logs are put behind it"
_MOVED = "Exports do not follow: set OTEL_EXPORTER_OTLP_ENDPOINT to where it really is, perhaps with https://"
_STATUSES = {401: _KEY, 403: _KEY, 404: _PATH, 405: _PATH, 415: _PATH, **dict.fromkeys((301, 302, 307, 308), _MOVED)}
_CODES = {
    "UNAVAILABLE": _START,
    "UNIMPLEMENTED": "This gRPC server takes no such signal: set the exporter of this signal to none",
    "UNAUTHENTICATED": _KEY,
    "PERMISSION_DENIED": _KEY,
    "DEADLINE_EXCEEDED": _START,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from ``url``, in words; ``mend`` is empty when nothing is wrong."""

    signal: str
    url: str
    ok: bool
    text: str
    mend: str = ""


def probe(config: Config, signal: str, timeout: float, environ: Mapping[str, str] | None = None) -> Answer:
    """Sends an empty export of ``signal`` to where it is configured to go. Takes ``timeout`` seconds at most; raises
    nothing."""
    url = config.url(signal)
    environ = os.environ if environ is None else environ
    sent = config.headers
    if config.origin("headers") != "argument":
        own = environ.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_HEADERS")
        sent = headers(own) if own else sent
    try:
        if config.protocol_of(signal) == "grpc":
            ok, text, mend = _grpc(_METHODS[signal], url, sent, timeout, environ)
        else:
            ok, text, mend = _http(url, sent, timeout, environ)
    except Exception as error:
        ok, text, mend = False, f"failed: {type(error).__name__}", _START
    return Answer(signal, masked_uri(url), ok, text, mend)


def _http(url: str, sent: Mapping[str, str], timeout: float, environ: Mapping[str, str]) -> tuple[bool, str, str]:
    import http.client
    import ssl
    import urllib.error
    import urllib.request

    certificate = environ.get("OTEL_EXPORTER_OTLP_CERTIFICATE")
    context = ssl.create_default_context(cafile=certificate or None) if url.startswith("https:") else None
    # An empty Export...ServiceRequest is serialised to no bytes at all.
    request = urllib.request.Request(
        url, b"", {"content-type": "application/x-protobuf", "user-agent": "llmotel-doctor", **sent}, method="POST"
    )

    class Staying(urllib.request.HTTPRedirectHandler):
        """The exporters do not follow either."""

        def redirect_request(self, *_: object, **__: object) -> None:
            return None

    opener = urllib.request.build_opener(Staying, urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(request, timeout=timeout) as response:
            return True, f"answers {response.status}", ""
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 400:
                return True, "answers 400 to an empty request, so it is there", ""
            mend = _STATUSES.get(error.code, "It is there, and cannot take anything now: look at its own log")
            elsewhere = error.headers.get("location") if mend is _MOVED else None
            to = f", go to {masked_uri(elsewhere)}" if elsewhere else ""
            return False, f"answers {error.code} {error.reason}{to}", mend
    except urllib.error.URLError as error:
        return _unreachable(error.reason)
    except http.client.HTTPException:
        return False, "answers, but not with HTTP", _PORTS
    except OSError as error:
        return _unreachable(error)


def _unreachable(reason: str | BaseException) -> tuple[bool, str, str]:
    import socket
    import ssl

    if isinstance(reason, ssl.SSLError):
        return False, f"TLS failed: {reason.reason}", _TLS
    if isinstance(reason, ConnectionRefusedError):
        return False, "refused", _START
    if isinstance(reason, socket.gaierror):
        return False, "no such host", _START
    if isinstance(reason, TimeoutError):
        return False, "timed out", _START
    if isinstance(reason, ConnectionResetError):
        return False, "answers, but not with HTTP", _PORTS
    return False, f"failed: {masked_text(str(reason))}", _START


def _grpc(
    method: str, url: str, sent: Mapping[str, str], timeout: float, environ: Mapping[str, str]
) -> tuple[bool, str, str]:
    grpc: Any = import_module("grpc")  # has no types
    scheme, _, target = url.rpartition("://")
    plain = scheme == "http" or (scheme != "https" and environ.get("OTEL_EXPORTER_OTLP_INSECURE", "").lower() == "true")
    if plain:
        channel = grpc.insecure_channel(target)
    else:
        certificate = environ.get("OTEL_EXPORTER_OTLP_CERTIFICATE")
        root = None
        if certificate:
            with open(certificate, "rb") as file:
                root = file.read()
        channel = grpc.secure_channel(target, grpc.ssl_channel_credentials(root))
    with channel:
        try:
            channel.unary_unary(method)(b"", timeout=timeout, metadata=tuple(sent.items()))
        except grpc.RpcError as error:
            code = error.code().name
            text = "refused or not reachable" if code == "UNAVAILABLE" else f"answers {code}"
            mend = f"{_START}. {_PORTS}" if code == "UNAVAILABLE" else _CODES.get(code, "Look at its own log")
            return False, "timed out" if code == "DEADLINE_EXCEEDED" else text, mend
    return True, "answers OK", ""


__all__ = ["Answer", "probe"]
