"""Suites, judges and intervals: offline, never on a request path."""
