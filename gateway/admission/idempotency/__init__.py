"""Idempotency keys: the claim on a key, its journal and its stores."""
