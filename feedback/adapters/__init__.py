"""What `feedback` keeps, on a directory."""
