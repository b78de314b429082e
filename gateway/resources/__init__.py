"""The only folder that knows both languages, the public one and the core's."""
