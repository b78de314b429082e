"""A real Keycloak on loopback, for operators who want to look and for ``tests/e2e/keycloak``; never for production.

``distribution`` has it fetched, ``realm`` reads ``realm.json``, ``server`` runs it, ``python -m deploy.keycloak`` shows it.
"""
