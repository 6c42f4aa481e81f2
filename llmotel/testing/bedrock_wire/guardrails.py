"""Guardrails: what one says of a text, and what stands of it in the ``trace`` of an answer
(https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ApplyGuardrail.html)."""

from __future__ import annotations

from collections.abc import Sequence

from llmotel.testing.reply import Body

BLOCKED = "Sorry, the model cannot answer this question."


def topic(name: str, *, blocked: bool = True) -> Body:
    """An assessment that found a topic which is not allowed."""
    action = "BLOCKED" if blocked else "NONE"
    return {"topicPolicy": {"topics": [{"name": name, "type": "DENY", "action": action, "detected": True}]}}


def content(type: str = "VIOLENCE", *, blocked: bool = True) -> Body:  # noqa: A002
    """An assessment of harmful content."""
    found = {"type": type, "confidence": "HIGH", "filterStrength": "HIGH", "action": "BLOCKED" if blocked else "NONE"}
    return {"contentPolicy": {"filters": [found]}}


def pii(type: str, match: str) -> Body:  # noqa: A002
    """An assessment that hid something personal."""
    found = {"type": type, "match": match, "action": "ANONYMIZED", "detected": True}
    return {"sensitiveInformationPolicy": {"piiEntities": [found], "regexes": []}}


def grounding(score: float, relevance: float = 0.9, *, threshold: float = 0.7) -> Body:
    """An assessment of how well the answer is supported by the sources, and of how much it has to do with the query."""
    filters = [
        {
            "type": kind,
            "threshold": threshold,
            "score": value,
            "action": "BLOCKED" if value < threshold else "NONE",
            "detected": value < threshold,
        }
        for kind, value in (("GROUNDING", score), ("RELEVANCE", relevance))
    ]
    return {"contextualGroundingPolicy": {"filters": filters}}


def usage(**units: int) -> Body:
    """The units of text that each policy has been billed for: ``usage(topicPolicyUnits=1)``."""
    names = ("topicPolicy", "contentPolicy", "wordPolicy", "sensitiveInformationPolicy", "contextualGroundingPolicy")
    return {**{f"{name}Units": 0 for name in names}, "sensitiveInformationPolicyFreeUnits": 0, **units}


def applied(*assessments: Body, outputs: Sequence[str] = (), usage: Body | None = None) -> Body:
    """The answer of ApplyGuardrail; it intervened when there are ``outputs``, which stand in the place of the text."""
    return {
        "usage": usage or _usage(topicPolicyUnits=1, contentPolicyUnits=1),
        "action": "GUARDRAIL_INTERVENED" if outputs else "NONE",
        "outputs": [{"text": text} for text in outputs],
        "assessments": list(assessments),
    }


def trace(
    *,
    input: Body | None = None,  # noqa: A002
    outputs: Sequence[Body] = (),
    guardrail: str = "gr1abcdefghi",
) -> Body:
    """The ``trace`` of Converse: what the guardrail found in the prompt, and in the answer."""
    found: Body = {"outputAssessments": {guardrail: list(outputs)}} if outputs else {}
    if input is not None:
        found["inputAssessment"] = {guardrail: input}
    return {"guardrail": found}


def model_trace(
    *,
    input: Body | None = None,  # noqa: A002
    outputs: Sequence[Body] = (),
    guardrail: str = "gr1abcdefghi",
    intervened: bool = True,
) -> Body:
    """What a guardrail adds to the body of InvokeModel."""
    found: Body = {"outputs": [{guardrail: output} for output in outputs]} if outputs else {}
    if input is not None:
        found["input"] = {guardrail: input}
    return {
        "amazon-bedrock-trace": {"guardrail": found},
        "amazon-bedrock-guardrailAction": "INTERVENED" if intervened else "NONE",
    }


_usage = usage  # the parameter of applied() hides the function
