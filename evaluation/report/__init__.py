"""What runs say: of one, and of the difference between two; for people and for a gate."""
