"""Moved to :mod:`llmotel.model.inference`; this name stays for one release."""

from llmotel.model.inference import *  # noqa: F403
