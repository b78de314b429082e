from __future__ import annotations


def ids(first, last):
    return [str(number) for number in range(first, last + 1)]
