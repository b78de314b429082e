"""Everything goes wrong at once, for minutes, and each item is accounted for at the end: ``python -m tests.faults.soak``.

::

    traffic.py    partners: batches of all kinds, with keys and without, by clients good and bad
    fate.py       what befalls the core, the identity provider and the workers meanwhile
    ledger.py     what was answered for each item, against what the core's own journal says
    black_hole.py the core takes everything and answers nothing for half a minute: who notices, and for how long
"""
