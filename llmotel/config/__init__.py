"""The configuration: every setting in one table, its value read once, checked, and frozen."""
