"""How well an answer is supported by what it cites."""
