"""Spans that other libraries make of their calls to models: counted and priced once, and given the tags in force."""
