"""API keys of integrations."""
