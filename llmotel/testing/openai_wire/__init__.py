"""Bodies of the OpenAI API, written from its reference documentation, field for field.

A builder makes the complete JSON body of an answer; the ``chunks`` or ``events`` function beside it makes the stream of
that same body, so that both can be compared. ``extra`` adds or replaces top-level fields, for hosts that send more.

===============  ===========================================================================
``chat``         chat.completions
``responses``    the Responses API; ``response_events`` is its stream
``completions``  legacy completions
``embeddings``   embeddings
``rerank``       reranking, of hosts that have it
``images``       images generate and edit
``audio``        speech, transcriptions, translations
``platform``     models, files, batches, moderations
``errors``       error answers of every status
``hosts``        what OpenRouter, DeepSeek, Groq, Together, Cerebras, Perplexity, xAI and Azure add
``defaults``     the answer the loopback server makes up from a request
===============  ===========================================================================
"""
