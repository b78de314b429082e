"""The gateway: one authenticated request with many updates in, one honest answer out.

The hops of a batch, in the order in which a request goes through them:

1. ``api/request_log.py:register``, ``api/capacity.py:Capacity.check``  request id, log context, load shedding
2. ``api/guard.py:Guard.identify``         who are you, may you
3. ``api/body.py:read_body``               bytes, bounded, and as strict JSON: ``document_in``
4. ``resources/resource.py:Resource.items``  JSON → valid items, all errors at once; each at once in the core's words
   by ``resources/resource.py:Resource.call``
5. ``api/idempotency.py:Claims.claim``     replay, resume or go on; then ``api/quota.py:Quota.charge``, for what is sent
6. ``batch/run.py:BatchRun``               fan out under a deadline; outcomes as they finish
7. ``api/forms.py:plain``                  outcomes → the answer, with the status of ``batch/outcome.py:verdict``

Hops 1 to 5 refuse by raising: nothing was sent, so a 4xx is honest. From 6 on every item ends in an outcome.
"""

VERSION = "0.1.0"
