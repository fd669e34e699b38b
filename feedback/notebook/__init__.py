"""The submitted notebook: repaired against its case version, and read without running it."""
