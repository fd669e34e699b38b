"""What a review is, without any tool, process or web framework."""
