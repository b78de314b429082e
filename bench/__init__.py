"""Measures the gateway against its peers: ``python -m bench``, ``python -m bench --quick``, ``make bench``.

Rule: what is compared runs in the same run, in turns, against the same core on loopback; ratios are quoted, not seconds.
"""
