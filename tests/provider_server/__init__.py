"""The server that stands in for OpenAI and Anthropic: what it answers is what their client libraries take."""
