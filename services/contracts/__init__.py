"""What is said on the wire: frozen pydantic models and typed clients, one concept a file. The only I/O is the clients'."""
