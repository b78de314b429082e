"""The gunicorn worker and what it bounds: connections, slots, the bytes of a request."""
