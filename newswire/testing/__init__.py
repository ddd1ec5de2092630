"""What tests and benchmarks stand on: an in-memory broker, a frozen clock."""
