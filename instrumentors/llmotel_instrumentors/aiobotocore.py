"""Amazon Bedrock through aiobotocore, and so through aioboto3."""

from __future__ import annotations

from llmotel.instrumentation.instrumentor import Instrumentor
from llmotel.spec import Seam
from llmotel_instrumentors import botocore

PROVIDER = botocore.provider(
    "aiobotocore",
    Seam("aiobotocore.client", "AioBaseClient._make_api_call", botocore.locate, is_async=True),
    "2.13.1",
)


class AiobotocoreInstrumentor(Instrumentor):
    """Instruments ``aiobotocore``, for Amazon Bedrock."""

    provider = PROVIDER
