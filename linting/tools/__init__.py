"""The tools of the review, each behind the one `Tool` protocol."""
