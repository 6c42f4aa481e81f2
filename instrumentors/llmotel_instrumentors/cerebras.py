"""Cerebras's client library. It speaks OpenAI's dialect; a stream tells its usage unasked."""

from __future__ import annotations

from llmotel.instrumentation.instrumentor import Instrumentor
from llmotel.spec import Provider
from llmotel_instrumentors import stainless
from llmotel_instrumentors.dialects import compatible

PROVIDER = Provider(
    name="cerebras",
    library="cerebras-cloud-sdk",
    module="cerebras.cloud.sdk",
    versions=("1.29.0", None),
    seams=stainless.seams("cerebras.cloud.sdk"),
    retries=stainless.retries("cerebras.cloud.sdk"),
    match=compatible.match,
    assume_own_vendor=True,
)


class CerebrasInstrumentor(Instrumentor):
    """Instruments ``cerebras-cloud-sdk``."""

    provider = PROVIDER
