"""Bodies of Google's Gemini API and of Vertex AI, written from their reference documentation, field for field.

===============  ===========================================================================
``parts``        parts of a content
``generation``   the answer of generateContent; ``generation_events`` is its stream
``grounding``    what supports an answer: grounding, citations, pages that were read
``models``       embeddings, images and videos: embedContent, ``:predict``, ``:predictLongRunning``
``platform``     countTokens, models, cached contents
``errors``       error answers of every status
``defaults``     the answer the loopback server makes up from a request
===============  ===========================================================================
"""
