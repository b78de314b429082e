"""Metrics: the table of series, their registry and the files that workers share."""
