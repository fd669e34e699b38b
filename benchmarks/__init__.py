"""What is claimed about speed, as commands: `python -m benchmarks.NAME [--quick] [--json FILE]`."""
