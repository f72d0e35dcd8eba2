"""What routing costs, measured against what it stands beside. `python -m benchmarks` runs everything."""
