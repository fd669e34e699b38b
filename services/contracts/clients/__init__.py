"""Typed clients, one a service. Each takes an `httpx.AsyncClient` that already speaks mTLS (or ASGI, in process)."""
