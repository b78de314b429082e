"""The public contract as Marshmallow schemas. They know neither HTTP nor the core."""
