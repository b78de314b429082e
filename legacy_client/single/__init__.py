"""Calls one by one, each seen as it came: for who wants to know a core rather than to update it."""
