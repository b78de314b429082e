"""What all workers have counted, as ``MultiProcessCollector`` adds it up, for a twentieth of the time.

That one reads each key of each file anew. A file's keys stay where they are, so they are read once here.
"""

from __future__ import annotations

import json
import os
import sys
from itertools import accumulate, compress, pairwise
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.utils import floatToGoString

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    Labels = tuple[tuple[str, str], ...]
    Samples = dict[str, list[tuple[dict[str, str], float]]]


_DOUBLE = 8


class Series(NamedTuple):
    """``bound`` is that of a histogram's bucket; its name is then the histogram's."""

    name: str
    labels: Labels
    bound: float | None


class Layout(NamedTuple):
    """Of a file: what stands between its numbers, and what each of them is."""

    parts: Struct
    between: tuple[bytes, ...]
    series: tuple[Series, ...]


class Snapshots:
    """Of the workers that share ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._layouts: dict[str, Layout] = {}
        # Of the histograms, ascending.
        self._bounds: dict[str, list[float]] = {}

    def samples(self) -> Samples:
        """By name, without zeros. Raises OSError."""
        totals: dict[Series, float] = {}
        # `Path` takes some 200 steps of the interpreter for each.
        for name in os.listdir(self._folder):  # noqa: PTH208 -- for each name, a `Path` costs too much
            if not name.endswith(".db"):
                continue
            try:
                layout, numbers = self._read(name)
            except FileNotFoundError:
                # The gauges of a worker that has just ended.
                continue
            is_largest = name.startswith("gauge_livemax")
            # Most are zero.
            for series, number in compress(zip(layout.series, numbers, strict=True), numbers):
                before = totals.get(series, 0.0)
                totals[series] = max(before, number) if is_largest else before + number
        return self._samples(totals)

    def _read(self, name: str) -> tuple[Layout, tuple[float, ...]]:
        path = f"{self._folder}/{name}"
        layout = self._layouts.get(name)
        if layout:
            # It begins with how much of the file is in use, so one that has grown differs too.
            between, numbers = _taken_apart(layout.parts, path)
            if between == layout.between:
                return layout, numbers
        layout, numbers = _laid_out(path)
        self._layouts[name] = layout
        self._bounds.clear()
        return layout, numbers

    def _samples(self, totals: Mapping[Series, float]) -> Samples:
        samples: Samples = {}
        counted: dict[tuple[str, Labels], dict[float, float]] = {}
        for series, total in totals.items():
            if series.bound is None:
                samples.setdefault(series.name, []).append((dict(series.labels), total))
            else:
                counted.setdefault((series.name, series.labels), {})[series.bound] = total
        for (name, labels), counts in counted.items():
            bounds = self._bounds_of(name)
            sums = list(accumulate(counts.get(bound, 0.0) for bound in bounds))
            buckets = [
                (dict(labels) | {"le": floatToGoString(bound)}, upto)  # type: ignore[no-untyped-call]  # the library leaves it untyped
                for bound, upto in zip(bounds, sums, strict=True)
                if upto
            ]
            samples.setdefault(f"{name}_bucket", []).extend(buckets)
            samples.setdefault(f"{name}_count", []).append((dict(labels), sums[-1]))
        return samples

    def _bounds_of(self, name: str) -> list[float]:
        if name not in self._bounds:
            every = (series for layout in self._layouts.values() for series in layout.series)
            found = {series.bound for series in every if series.name == name and series.bound is not None}
            self._bounds[name] = sorted(found)
        return self._bounds[name]


def _laid_out(path: str) -> tuple[Layout, tuple[float, ...]]:
    """Raises OSError."""
    found = list(MmapedDict.read_all_values_from_file(path))  # type: ignore[no-untyped-call]  # the library leaves it untyped
    places = [place for _key, _number, _time, place in found]
    gaps = [place - before for before, place in pairwise([-_DOUBLE, *places])]
    shape = Struct("=" + "".join(f"{gap - _DOUBLE}sd" for gap in gaps) if places else "=4s")
    between, numbers = _taken_apart(shape, path)
    in_use, seen = int.from_bytes(between[0][:4], sys.byteorder), places[-1] + 2 * _DOUBLE if places else 0
    # One that has grown meanwhile is laid out anew the next time.
    return Layout(shape, between if in_use == seen else (), tuple(_series(key) for key, *_ in found)), numbers


def _taken_apart(parts: Struct, path: str) -> tuple[tuple[bytes, ...], tuple[float, ...]]:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 -- a path object takes 200 steps more
        found = parts.unpack(file.read(parts.size).ljust(parts.size, b"\0"))
    return found[::2], found[1::2]


def _series(key: str) -> Series:
    family, name, labels, _help = json.loads(key)
    bound = labels.pop("le", None)
    ordered = tuple(sorted(labels.items()))
    return Series(name, ordered, None) if bound is None else Series(family, ordered, float(bound))
