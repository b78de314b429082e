"""Large batches: jobs of many parts that outlive requests and processes (contract 1.6).

The store is the truth. A message of the dispatch is a permit to run one chunk, and names none.

1. ``store.py:JobStore``     parts come in and are cut into chunks; counts, results and states go out
2. ``store.py:WorkerStore``  which chunk is due, under a lease; what its run has settled
3. ``job.py``, ``chunk.py``, ``results.py``, ``errors.py``  the values that go in and out
"""
