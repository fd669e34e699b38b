"""What is said on the wire: frozen pydantic models and typed clients, one concept a file; no I/O but the clients'."""
