"""The stack around the library: collector, Jaeger, Prometheus, Alertmanager and Grafana, as files that are copied out
of the package (``llmotel stack init``) and looked over (``llmotel stack check``)."""
