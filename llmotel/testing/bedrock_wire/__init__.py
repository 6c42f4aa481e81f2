"""Bodies of Amazon Bedrock's runtime, written from its reference documentation, field for field.

===============  ===================================================================
``converse``     the answer of Converse, its content blocks; ``converse_events`` is its stream
``models``       the bodies of InvokeModel by model family; ``model_events`` are their streams
``guardrails``   ApplyGuardrail, and what a guardrail says of an answer
``agents``       agents, flows, knowledge bases
``errors``       error answers of every status
``eventstream``  AWS's framing of streams
``defaults``     the answer the loopback server makes up from a request
===============  ===================================================================
"""
