"""From the samples of all rounds to one figure each: medians of numbers, percentiles of pooled latencies. Pure."""

from __future__ import annotations

from collections import Counter
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.load import percentile

if TYPE_CHECKING:
    from collections.abc import Sequence

Summary = dict[str, float]


def summarise(samples: Sequence[dict[str, Any]]) -> Summary:
    """``latency`` histograms become ``p50`` and ``p99`` in ms, numbers their median and, under ``…_range``, extremes.

    A service too slow to answer even once has no percentiles.
    """
    summary: dict[str, Any] = {}
    for name, first in (samples[0] if samples else {}).items():
        values = [sample[name] for sample in samples]
        if isinstance(first, list):
            pooled = list(sum((Counter(dict(histogram)) for histogram in values), Counter()).items())
            prefix = name.removesuffix("latency")
            if pooled:
                summary |= {f"{prefix}p50": percentile(pooled, 0.50), f"{prefix}p99": percentile(pooled, 0.99)}
        else:
            summary |= {name: median(values), f"{name}_range": [min(values), max(values)]}
    return summary
