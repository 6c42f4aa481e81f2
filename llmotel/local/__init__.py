"""``llmotel local``: an OTLP backend with a viewer in one process, for ``pip install "llmotel[local]"``.

Spans, metrics and logs of any OTLP sender go into a DuckDB file that this process owns; an HTTP API answers what the
viewer, the terminal and scripts ask. Nothing of this package is imported by ``llmotel.init()``.
"""

from __future__ import annotations
