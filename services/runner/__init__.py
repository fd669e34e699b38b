"""Runs untrusted code in a sandbox. Holds no secret and no table."""
