"""What every call needs, made once, and the life of a call from begin to finish."""
