"""Groq's client library. It speaks OpenAI's dialect; a stream tells its usage unasked."""

from __future__ import annotations

from llmotel.instrumentation.instrumentor import Instrumentor
from llmotel.spec import Provider
from llmotel_instrumentors import stainless
from llmotel_instrumentors.dialects import compatible

PROVIDER = Provider(
    name="groq",
    library="groq",
    versions=("0.24.0", None),
    seams=stainless.seams("groq"),
    retries=stainless.retries("groq"),
    match=compatible.match,
    assume_own_vendor=True,
)


class GroqInstrumentor(Instrumentor):
    """Instruments ``groq``."""

    provider = PROVIDER
