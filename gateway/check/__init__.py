"""Looks before the start: ``settings``, ``keycloak`` with the clock, ``core`` with its map, ``stores``, ``partners``,
``audit`` and ``files``. Changes nothing."""
