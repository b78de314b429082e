"""What runs the service and what it runs against: lock files, and a Keycloak to try it with."""
