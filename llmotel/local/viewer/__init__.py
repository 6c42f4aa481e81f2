"""The pages of ``llmotel local``: files that are served as they are written."""
