"""Alerts about LLM calls for Prometheus and Alertmanager: rules, their tests, routes, and the thresholds of all.

``llmotel alerts render`` writes them from one source, for the thresholds and the metric names in use. What is checked
in under ``collector-config/`` is the same without a setting.
"""

from __future__ import annotations
