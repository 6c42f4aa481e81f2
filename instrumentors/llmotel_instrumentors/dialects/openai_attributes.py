"""The ``openai.*`` attributes, which belong to OpenAI's API wherever it is spoken but on Bedrock."""

from __future__ import annotations

from llmotel.model.inference import AttributeValue, Inference


def put(inference: Inference, name: str, value: AttributeValue) -> None:
    """Sets ``name``, unless the call goes to Bedrock: the conventions give its telemetry no such attributes."""
    if inference.provider != "aws.bedrock":
        inference.attributes[name] = value
