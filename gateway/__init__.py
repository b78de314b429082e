"""The gateway: one authenticated request with many updates in, one honest answer out.

The hops of a batch, in the order in which a request goes through them:

1. ``api/request_log.py:register``, ``api/capacity.py:Door.check``  request id, log context, load shedding
2. ``api/guard.py:Guard.identify``        who are you, may you
3. ``api/body.py:read_body``              bytes, bounded, and as strict JSON: ``document_in``
4. ``schemas/actions.py:BatchLoader.load``  JSON → valid items, all errors at once
5. ``batch/run.py:BatchRunner.update``        public → legacy words, each item while it is at hand
6. ``api/idempotency.py:Replays.claim``        idempotency: replay, resume or go on; then the rate is charged
7. ``batch/run.py:BatchRunner.stream``          fan out under a deadline; order kept
8. ``batch/outcome.py:verdict``                 outcomes → status, shown by ``api/answers.py:batch_answer``

Hops 1 to 6 refuse by raising: nothing was sent, so a 4xx is honest. From 7 on nothing raises.
"""

VERSION = "0.1.0"
