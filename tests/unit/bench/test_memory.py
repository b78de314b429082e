"""The sentence on a worker's memory, for either form."""

from __future__ import annotations

from bench.report import notes


def test_each_form_has_a_sentence_of_its_own():
    machine = dict.fromkeys(("processor", "processors", "kernel", "python", "node", "go"), "x")
    run = {
        "memory": {"idle": 60.2, "peak": 90.4, "growth": 0.04, "seconds": 10},
        "compiled memory": {"idle": 70.0, "peak": 99.6, "growth": -0.16, "seconds": 10},
    }
    result = {"machine": machine, "run": run, "commit": "c", "date": "d", "rounds": 5, "left_out": {}}

    assert notes(result)[-2:] == [
        "Memory of a worker: 60 MB idle, 90 MB at most, and +0.0 MB from the first to the second half of 10 s.",
        "Memory of a compiled worker: 70 MB idle, 100 MB at most, and -0.2 MB from the first to the second half of 10 s.",
    ]
