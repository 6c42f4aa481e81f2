"""OpenTelemetry's SDK as llmotel sets it up: providers, processors, exporters, and outages of a backend."""
