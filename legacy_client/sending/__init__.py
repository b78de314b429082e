"""Many calls under one deadline: fan-out, retries, reading."""
