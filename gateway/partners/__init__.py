"""Partners as the operator's objects: who they are, and what holds for them beside the settings."""
