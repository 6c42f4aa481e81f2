"""Attributes of your own on every call, cost by feature, and scores for answers.

Tags are on spans always, and on metrics for the keys that metric_tags names. Scores go into the call's trace as events
and into histograms.
"""

from __future__ import annotations

import anthropic

import llmotel
from llmotel.testing import ProviderServer
from llmotel.testing.recording import recording


def summarize(client: anthropic.Anthropic, text: str) -> str:
    """An application's function: it says what it does, not how that is recorded."""
    with llmotel.tags(feature="summary", prompt_name="summarize", prompt_version="3"):
        message = client.messages.create(
            model="claude-haiku-4-5", max_tokens=100, messages=[{"role": "user", "content": f"Summarize: {text}"}]
        )
        return message.content[0].text


# recording() keeps the signals in memory, so that this example can show them; an application just calls init().
with recording() as calls, ProviderServer() as server:
    llmotel.init(metric_tags="feature")
    with anthropic.Anthropic(api_key="any", base_url=server.url) as client:
        for user in ("u-17", "u-18"):
            with llmotel.tags(user_id=user, tenant="acme"):
                summarize(client, "Bicycles have two wheels.")
                llmotel.record_quality(relevance=0.9, user_satisfaction=user == "u-17")

    for call in calls:
        print(call)
        for name, value in sorted(call.tags.items()):
            print(f"    {name} = {value}")

    print("\nllmotel.client.cost.usd")
    for point in calls.metrics["llmotel.client.cost.usd"]:
        print(f"    {point.value:.6f} for feature {point.attributes['llmotel.feature']}")

    print("\nllmotel.quality.user_satisfaction")
    for point in calls.metrics["llmotel.quality.user_satisfaction"]:
        print(f"    {point.count} scores, mean {point.sum / point.count}")
