"""Bodies of Cohere's API, written from its reference documentation (docs.cohere.com/reference), field for field.

===============  ===================================================================
``chat``         ``/v2/chat``, and the events of its stream
``legacy``       ``/v1/chat`` and ``/v1/generate``, and the events of their streams
``embeddings``   ``/v1/embed`` and ``/v2/embed``
``rerank``       ``/v1/rerank`` and ``/v2/rerank``
``errors``       error answers of every status
``defaults``     the answer the loopback server makes up from a request
===============  ===================================================================
"""
