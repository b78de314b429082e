"""Pages and documents beside the endpoints."""
