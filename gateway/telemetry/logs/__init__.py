"""Log lines: their names, their form and the way to the output."""
