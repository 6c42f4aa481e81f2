"""Bodies of the Anthropic API, written from its reference documentation, field for field.

===============  ===================================================================
``blocks``       content blocks and citations
``messages``     the message object; ``message_events`` is its stream
``platform``     count_tokens, batches, models
``errors``       error answers of every status, and Bedrock's
``eventstream``  AWS's framing of a stream, which Bedrock uses
``defaults``     the answer the loopback server makes up from a request
===============  ===================================================================
"""
