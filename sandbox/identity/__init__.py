"""An identity provider with Keycloak's own paths and token shapes, enough for python-keycloak and any OIDC client.

Keys are made at start and live in memory only.
"""
