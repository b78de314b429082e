"""The plot of the docs as SVG: CPU per item of every service, on a logarithmic scale, above the kernel's floor. Pure."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any

from bench.goals import OURS

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEFT, _WIDTH, _ROW, _TOP = 300, 540, 30, 64
_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-size: 16px; font-weight: 600 } .faint { fill: #6e7781 } .grid { stroke: #d0d7de }
  .bar { fill: #8c959f } .ours { fill: #0969da } .floor { stroke: #cf222e; stroke-dasharray: 4 3 }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .faint { fill: #9198a1 } .grid { stroke: #3d444d } }
"""


def plot(run: dict[str, Any], titles: dict[str, str]) -> str:
    """An SVG document from W1 and the floor of a run."""
    costs = sorted((found["cpu_us"], name) for name, found in run["W1"].items())
    floor = run["floor"]["idle"]["cpu_us"]
    scale = _Scale(floor / 1.5, costs[-1][0] * 1.6)
    height = _TOP + _ROW * len(costs) + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LEFT + _WIDTH + 40} {height}" role="img">',
        "<title>CPU per item by service</title>",
        f"<style>{_STYLE}</style>",
        '<text x="12" y="26" class="title">CPU per item, microseconds (logarithmic; less is better)</text>',
        *_grid(scale, height),
        *_bars(scale, costs, titles),
        f'<line class="floor" x1="{scale(floor):.1f}" x2="{scale(floor):.1f}" y1="{_TOP - 12}" y2="{height - 28}"/>',
        f'<text class="faint" x="{scale(floor) + 4:.1f}" y="{height - 8}">floor: wrk itself, {floor:.1f}</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


class _Scale:
    """Microseconds to x, logarithmically."""

    def __init__(self, low: float, high: float) -> None:
        self._low, self._span = math.log10(low), math.log10(high) - math.log10(low)
        self.marks = [step for step in (10, 100, 1000, 10_000) if low < step < high]

    def __call__(self, value: float) -> float:
        return _LEFT + _WIDTH * (math.log10(value) - self._low) / self._span


def _grid(scale: _Scale, height: int) -> Iterator[str]:
    for mark in scale.marks:
        x = scale(mark)
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 12}" y2="{height - 28}"/>'
        yield f'<text class="faint" x="{x:.1f}" y="{_TOP - 16}" text-anchor="middle">{mark:,}</text>'


def _bars(scale: _Scale, costs: list[tuple[float, str]], titles: dict[str, str]) -> Iterator[str]:
    for row, (cost, name) in enumerate(costs):
        y, kind = _TOP + row * _ROW, "ours" if name == OURS else "bar"
        yield f'<text x="{_LEFT - 10}" y="{y + 15}" text-anchor="end">{escape(titles[name])}</text>'
        yield f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{scale(cost) - _LEFT:.1f}" height="20" rx="2"/>'
        yield f'<text x="{scale(cost) + 6:.1f}" y="{y + 15}">{cost:,.0f}</text>'
