"""The only folder that knows both languages."""
