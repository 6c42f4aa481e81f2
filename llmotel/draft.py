"""Moved to :mod:`llmotel.spec.accumulator`; this name stays for one release."""

from llmotel.spec.accumulator import *  # noqa: F403
