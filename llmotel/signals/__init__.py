"""From the record of a call to OpenTelemetry: attributes, metrics, events, and the line on the console."""
