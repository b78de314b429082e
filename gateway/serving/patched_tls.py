"""TLS of gevent in place of the standard library's, in the server and so in each of its workers."""

from gevent.monkey import patch_ssl

# The server's settings import urllib3, which keeps the classes of `ssl` that it finds. gunicorn patches them in a worker,
# after that: half patched, each use of TLS by urllib3 ends in a RecursionError.
patch_ssl()
