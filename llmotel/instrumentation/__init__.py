"""Where llmotel stands in a library: seams, wrappers, stream proxies, and how they come out again."""
