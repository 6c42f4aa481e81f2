"""What instrumentation costs: llmotel beside a bare client, spans written by hand, and other packages."""
