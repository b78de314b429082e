"""A small HTTP/1.1 server whose answers are data: how long they wait and how they leave the wire included.

A handler is a plain function from Request to Answer. It never blocks and never sees a socket.
"""
