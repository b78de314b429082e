"""The gateway: one authenticated request with many updates in, one honest answer out.

The hops of a batch, in the order in which a request goes through them:

1. ``api/entry.py:register``, ``api/door.py:Door.check``  request id, log context, load shedding
2. ``api/guard.py:Guard.identify``        who are you, may you
3. ``api/body.py:read_document``          bytes → strict JSON, bounded
4. ``schemas/actions.py:BatchLoader.load``  JSON → valid items, all errors at once
5. ``api/replay.py:Replays.claim``        idempotency: replay, resume or go on; then the rate is charged
6. ``translate.py:ActionTranslation.to_legacy``  public → legacy words, each item when it is about to leave
7. ``batch.py:BatchRunner.stream``          fan out under a deadline; order kept
8. ``outcome.py:verdict``                 outcomes → status, shown by ``api/answers.py:batch_answer``

Hops 1 to 5 refuse by raising: nothing was sent, so a 4xx is honest. From 6 on nothing raises.
"""

VERSION = "0.1.0"
