"""The neutral records of a call: what readers fill, and the finished call as data. Imports nothing of OpenTelemetry."""
