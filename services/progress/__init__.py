"""Attempts, states, quotas, saved notebooks: the sole writer of progress."""
