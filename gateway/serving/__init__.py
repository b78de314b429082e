"""The gunicorn worker, and what it bounds."""
