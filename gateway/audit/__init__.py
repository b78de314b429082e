"""The audit trail: what became of each item, for whom and when. Never a value.

A batch is one line, written once and off the event loop. Each item's record is made of it when it is looked for.
"""
