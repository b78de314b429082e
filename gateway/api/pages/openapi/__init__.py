"""``/openapi.json`` (3.1), made once at start."""
