"""What may enter and when: load shedding, rate limits, idempotency. Knows no HTTP framework and no core."""
