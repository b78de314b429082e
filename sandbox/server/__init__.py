"""A small HTTP/1.1 server whose answers are data, with their delay and how they leave the wire.

A handler is a plain function from Request to Answer. It never blocks and never sees a socket.
"""
