"""Large batches over HTTP (``contract.md`` 1.6). What runs them is in ``gateway.jobs``."""
