"""Load shedding, rate limits, idempotency. Knows no HTTP framework and no core."""
