"""``python -m gateway.core``: for teams with a core of their own."""
