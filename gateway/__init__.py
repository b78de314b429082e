"""The gateway: one authenticated request with many updates in, one honest answer out.

The hops of a batch, in order:

1. ``api/request_log.py:register``, ``api/capacity.py:Capacity.check``  request id, log context, load shedding
2. ``api/guard.py:Guard.identify``         who are you, may you
3. ``api/body.py:read_body``, ``api/body.py:document_in``, ``api/pieces.py:pieces``  bytes → strict JSON, bounded
4. ``api/calls.py:calls_in``, ``resources/resource.py:Resource.call``  JSON → valid items → calls
5. ``api/idempotency.py:Claims.claim``, ``api/quota.py:Quota.charge``  replay, resume or go on; the rate
6. ``batch/run.py:BatchRun``               fan out under a deadline; outcomes as they finish
7. ``api/forms.py:plain``, ``api/stream.py:stream``, ``batch/outcome.py:verdict``  outcomes → the answer

Hops 1 to 5 refuse by raising: nothing was sent. From 6 on every item ends in an outcome.
"""

VERSION = "0.1.0"
