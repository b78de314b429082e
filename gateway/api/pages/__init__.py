"""Pages and documents that the service answers beside its endpoints."""
