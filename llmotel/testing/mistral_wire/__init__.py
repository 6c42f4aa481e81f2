"""Bodies of Mistral's API, written from its reference documentation (docs.mistral.ai/api), field for field.

=================  ===================================================================
``chat``           chat, agents and fill in the middle, and the chunks of their stream
``conversations``  conversations, and the events of their stream
``documents``      OCR, transcriptions, moderations
``embeddings``     embeddings
``errors``         error answers of every status
``defaults``       the answer the loopback server makes up from a request
=================  ===================================================================
"""
