"""Load shedding, rate limits and idempotency. Knows no HTTP framework and no core."""
