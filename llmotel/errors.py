"""The errors that llmotel raises. Each message names what was wrong and the mend; none is ever raised into a call to a
client library, only out of ``init()`` and the other functions that the user calls directly."""

from __future__ import annotations


class LlmotelError(Exception):
    """Base of every error that llmotel raises on its own account."""


class ConfigurationError(LlmotelError):
    """A setting has a value that llmotel cannot use.

    The message is ``VARIABLE='value' (from where): what is accepted``.
    """


class StackError(LlmotelError):
    """The files of the stack cannot be copied or read. The message says which, why, and the mend."""
