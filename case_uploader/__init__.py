"""A case folder becomes a checked, versioned, published case."""
