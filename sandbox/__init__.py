"""Everything around the gateway on one machine: a core, an identity provider, and the commands that run them.

For demos, tests and partners' first steps. Nothing that ships imports it.
"""
