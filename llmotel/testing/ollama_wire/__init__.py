"""Bodies of Ollama's API, written from its reference documentation (github.com/ollama/ollama/blob/main/docs/api.md).

===============  ===================================================================
``chat``         ``/api/chat``, and the lines of its stream
``generate``     ``/api/generate``, and the lines of its stream
``embeddings``   ``/api/embed`` and the older ``/api/embeddings``
``errors``       error answers, and the line that ends a stream with one
``defaults``     the answer the loopback server makes up from a request
===============  ===================================================================
"""
