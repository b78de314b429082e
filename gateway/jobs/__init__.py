"""Large batches: jobs of many parts that outlive requests and processes (contract 1.6).

The store is the truth. A message of the dispatch is a permit to run one chunk, and names none.

1. ``store.py:JobStore``       parts come in and are cut into chunks; counts, results and states go out
2. ``dispatch/port.py:Dispatch``  permits for workers
3. ``worker.py:Worker``        asks ``store.py:WorkerStore`` which chunk is due, and gets it under a lease
4. ``run_chunk.py:run_chunk``  claim, run and record as a batch does; ``settlement.py:Settlement`` is what it settles
5. ``sweeper.py:Sweeper``      rings again, ends what is over, removes what is not needed
6. ``retry.py:retry``          a job of what another left

``sqlite/`` and ``redis/`` hold the stores, under one suite (``tests/contract/jobs``).
``job.py``, ``chunk.py``, ``results.py`` and ``errors.py`` are the values that go in and out.
"""
