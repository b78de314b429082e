"""``/openapi.json`` (3.1), made once at start: operations and their responses around the schemas that validate."""
