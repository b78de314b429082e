"""One module for each row of the table. None keeps anything between runs."""
