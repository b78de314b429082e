"""What is made from the code for people to read and to import: ``pages``, and a ``collection`` of requests for two programs."""
