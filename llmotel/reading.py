"""Moved to :mod:`llmotel.spec.reading`; this name stays for one release."""

from llmotel.spec.reading import *  # noqa: F403
