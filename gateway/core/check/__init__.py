"""``python -m gateway.core check``: what a core really does, and the settings that follow.

::

    command.Check      options, credentials, and the order of things
    table.PROBES       one row for each probe
    probes.*           each asks one question, and gives a Finding
    trial.Trial        what a probe is given
    writes.Writes      the only way to change the item: bounded, written down, and put back
    journal.Journal    all calls of a run, on disk before they leave
    report, machine    for people, for programs
    baseline.Baseline  what was found before, and what is different now

Calls leave by ``legacy_client.single``: as the gateway writes them, or over one connection to see how it is framed.
"""
