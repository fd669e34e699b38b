"""Caseloop in production: one process a service, started by the container engine."""
