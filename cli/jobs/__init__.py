"""A large input as one job of the gateway (``contract.md`` 1.6): made, filled, started and followed to its end."""
