"""The default transport, on gevent's event loop. Nothing here waits, but for a consumer of results.

::

    transport.HubTransport   a batch in, results out, in the consumer's greenlet
    engine.Engine            whose turn, on which connection, under which bounds
    batch.HubBatch           results on their way back to the consumer
    dialer.Dialer            connections being made
    connection.Connection    connect, write, read; says what became of the request
    response.ResponseReader  bytes to one response, by httptools
"""

from legacy_client.transport.hub.transport import HubTransport

__all__ = ["HubTransport"]
