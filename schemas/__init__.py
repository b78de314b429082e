"""The public contract as Marshmallow schemas: what may be sent, what is answered, and every reason to refuse.

They speak only the public language and know neither HTTP nor the core.
"""
