"""One module per instrumented library: data and pure readers, nothing else (see CONTRIBUTING.md)."""
