"""The vocabulary of a provider author: a provider is data plus pure readers, and this package is what the data says."""

from llmotel.spec.provider import (
    Arguments,
    Closer,
    Endpoint,
    InstanceCheck,
    Locate,
    NativeTelemetry,
    Provider,
    Reparse,
    Request,
    Retry,
    Seam,
    UsageInjection,
    ignore,
)

__all__ = [
    "Arguments",
    "Closer",
    "Endpoint",
    "InstanceCheck",
    "Locate",
    "NativeTelemetry",
    "Provider",
    "Reparse",
    "Request",
    "Retry",
    "Seam",
    "UsageInjection",
    "ignore",
]
