"""Looks before the start: ``settings``, ``keycloak`` with the clock, ``core``, ``stores`` and ``files``. Changes nothing."""
