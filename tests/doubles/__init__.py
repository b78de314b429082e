"""What stands in for the world in tests: fakes that fill ports, servers of our own, and values with all that they need."""
