"""Access tokens of Keycloak."""
