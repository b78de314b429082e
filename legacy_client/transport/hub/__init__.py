"""The engine on gevent's event loop: the default transport. One rule: what happens here never waits for anything.

The way of a request::

    adapter.HubTransport.send_many   the seam: a batch in, results out, in the consumer's greenlet
    engine.Engine                    whose turn, on which connection, under which bounds
    turns.Turns (next door)          callers in turn, and each caller's batches in turn
    batch.HubBatch                   results on their way back to the consumer
    connection.Connection            connect, write, read; says what became of the request
    answer.ResponseReader              bytes to one response, by httptools
"""

from legacy_client.transport.hub.transport import HubTransport

__all__ = ["HubTransport"]
