"""The legacy core: actions and integrations in the core's own words, on SQLite, with faults on request.

Source: ``contract.md`` section 3.
"""
