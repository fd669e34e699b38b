"""What the feedback answered, and how it was scored."""
