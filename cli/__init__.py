"""The partners' command ``actions``, and the client that it stands on.

The way of a file:

1. ``rows/opening.py:open_rows``     a file or standard input → rows with their places
2. ``check.py:check``                every row against the contract, before anything is sent
3. ``cutting.py:Cutter``             rows → bodies within the gateway's limits
4. ``journal.py:Journal``            each chunk is fixed on disk before it is sent
5. ``sending.py:Sender``             a chunk, repeated under its key until nothing of it is left to send
6. ``run.py:Run``                    chunk after chunk, from where an earlier run stopped
7. ``jobs/run.py:JobRun``           the same chunks as parts of one job, filled, started and followed
8. ``leavings.py:write``             what was not applied, as files that are input again

``client.py:Client`` is all of this for programs; ``commands/`` is all of this for people.
Of the other packages it imports ``schemas`` alone, so that it can be installed without them.
"""

VERSION = "0.1.0"
