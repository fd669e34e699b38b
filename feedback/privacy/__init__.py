"""What must not leave for a model's server: names, addresses, keys."""
