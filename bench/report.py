"""``python -m bench.report RESULT.json``: the tables of a run, for a terminal and, with the plot, for the docs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.goals import OURS, reached
from bench.plot import plot
from bench.services import GATEWAY, PEERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_DOCS = Path(__file__).parent.parent / "docs"
_BEGIN, _END = "<!-- bench: begin -->", "<!-- bench: end -->"
_PICTURE = "![CPU per item of each service](performance.svg)"
_TITLES = {service.name: service.title for service in (GATEWAY, *PEERS)}
Run = dict[str, Any]
Row = tuple[str, ...]
_COLUMNS: tuple[tuple[str, Callable[[Run, str], str]], ...] = (
    ("W1 µs CPU/item", lambda run, name: _spread(run["W1"][name], "cpu_us")),
    ("÷ ours", lambda run, name: f"{run['W1'][name]['cpu_us'] / run['W1'][OURS]['cpu_us']:.2f}"),
    ("items/s", lambda run, name: f"{run['W1'][name]['items_s']:,.0f}"),
    ("W2 p50 / p99 ms", lambda run, name: "{p50:.1f} / {p99:.1f}".format(**run["W2"][name])),
    ("W3 p50 ms", lambda run, name: f"{run['W3'][name]['p50']:.2f}"),
    ("W3 µs CPU", lambda run, name: f"{run['W3'][name]['cpu_us']:,.0f}"),
    ("W4 batches/s", lambda run, name: f"{run['W4'][name]['batches_s']:.0f}"),
    ("W5 p99 ms alone / beside", lambda run, name: "{idle_p99:.1f} / {p99:.1f}".format(**run["W5"][name])),
)


def peers_table(run: Run) -> list[Row]:
    """A row for each service; a figure that was not measured is a dash."""
    names = list(dict.fromkeys(name for workload in ("W1", "W2", "W3", "W4", "W5") for name in run.get(workload, ())))
    rows: list[Row] = [("service", *(title for title, _ in _COLUMNS))]
    return rows + [(_TITLES[name], *(_cell(cell, run, name) for _, cell in _COLUMNS)) for name in names]


def goals_table(run: Run) -> list[Row]:
    """A row for each goal that this run can tell of."""
    rows: list[Row] = [
        (goal.what, goal.bound, _figure(goal.figure), "yes" if goal.met else "no") for goal in reached(run)
    ]
    return [("goal", "bound", "reached", "met"), *rows]


def _figure(figure: float) -> str:
    """With three decimals below ten, so that a bound that is missed by little looks missed."""
    return f"{figure:.3f}".rstrip("0").rstrip(".") if figure < 10 else f"{figure:.3g}"


def growth_table(run: Run) -> list[Row]:
    """How cost grows with the size of a batch and with workers."""
    rows: list[Row] = [("gateway", "µs CPU/item", "items/s", "share of the busier worker")]
    rows += [(f"{int(size):,} items", _spread(found, "cpu_us"), "", "") for size, found in run.get("sizes", {}).items()]
    for count, found in _both(run, "workers"):
        cells = _spread(found, "cpu_us"), f"{found['items_s']:,.0f}", f"{found['busiest']:.0%}"
        rows.append((f"{count} worker{'s' * (not count.endswith('1'))}", *cells))
    return rows


def _both(run: Run, row: str) -> Iterator[tuple[str, Any]]:
    """What was measured of the Python form, and then of the compiled one."""
    yield from run.get(row, {}).items()
    yield from ((f"compiled: {name}", found) for name, found in run.get(f"compiled {row}", {}).items())


def telemetry_table(run: Run) -> list[Row]:
    """What it costs to be looked at; a ratio is the median of the rounds' own ratios, not that of the medians."""
    rows: list[Row] = [("telemetry", "µs CPU/item", "÷ all off")]
    return rows + [(name, _spread(one, "cpu_us"), _ratio(one)) for name, one in _both(run, "telemetry")]


def audit_table(run: Run) -> list[Row]:
    """What an audit trail costs an item."""
    rows: list[Row] = [("audit trail", "µs CPU/item", "÷ none")]
    return rows + [(name, _spread(one, "cpu_us"), _ratio(one)) for name, one in run.get("audit", {}).items()]


def keys_table(run: Run) -> list[Row]:
    """What an idempotency key costs an item."""
    rows: list[Row] = [("idempotency", "µs CPU/item", "÷ without")]
    return rows + [(name, _spread(one, "cpu_us"), _ratio(one)) for name, one in _both(run, "keys")]


def rates_table(run: Run) -> list[Row]:
    """What a rate limit costs an item."""
    rows: list[Row] = [("rate limit", "µs CPU/item", "÷ without")]
    return rows + [(name, _spread(one, "cpu_us"), _ratio(one)) for name, one in run.get("rates", {}).items()]


def streams_table(run: Run) -> list[Row]:
    """What a stream costs an item."""
    rows: list[Row] = [("form of the answer", "µs CPU/item", "÷ plain")]
    return rows + [(name, _spread(one, "cpu_us"), _ratio(one)) for name, one in run.get("streams", {}).items()]


def jobs_table(run: Run) -> list[Row]:
    """What a job costs an item, gateway and job worker together."""
    rows: list[Row] = [("how they are sent", "µs CPU/item", "÷ batches")]
    return rows + [(name, _spread(one, "cpu_us"), _ratio(one)) for name, one in _both(run, "jobs")]


def parts_table(run: Run) -> list[Row]:
    """What each hop of an item costs on its own, and what is left of W1 beside them."""
    found = run.get("parts", {})
    rows: list[Row] = [("hop of an item", "µs"), *((name, f"{cost:.1f}") for name, cost in found.items())]
    if found and "W1" in run:
        rest = run["W1"][OURS]["cpu_us"] - sum(found.values())
        rows.append(("all else: kernel, event loop, Flask and gunicorn by request", f"{rest:.1f}"))
    return rows


def notes(result: dict[str, Any]) -> list[str]:
    """Where the figures come from, in sentences."""
    machine, run = result["machine"], result["run"]
    lines = [
        "{processor}, {processors} processors, Linux {kernel}, Python {python}, Node {node}, Go {go}.".format(
            **machine
        ),
        f"Commit {result['commit']}, {result['date']}, medians of {result['rounds']} interleaved rounds.",
    ]
    if floor := run.get("floor"):
        lines.append(
            f"The floor: a call costs wrk itself {floor['idle']['cpu_us']:.1f} µs; the core answers one client in "
            f"{floor['idle']['p50']:.3f} ms and, slowed to 20 ms, 32 clients in {floor['slow']['wide_p50']:.1f} ms."
        )
    if ours := run.get("W1", {}).get(OURS):
        lines.append(f"In W1 the load generator was {ours['load_busy']:.0%} busy, the gateway {ours['busy']:.0%}.")
    if sizes := run.get("sizes"):
        small, large = sizes["10"]["cpu_us"], sizes["10000"]["cpu_us"]
        lines.append(f"A request costs the gateway about {(small - large) * 10:,.0f} µs, an item {large:.0f} µs more.")
    for name, title in (("memory", "a worker"), ("compiled memory", "a compiled worker")):
        if memory := run.get(name):
            lines.append(
                "Memory of {title}: {idle:.0f} MB idle, {peak:.0f} MB at most, and {growth:+.1f} MB from the first to "
                "the second half of {seconds} s.".format(title=title, **memory)
            )
    lines += [f"Left out: {title} ({reason})." for title, reason in result["left_out"].items()]
    return lines


_FIGURES = (
    peers_table,
    growth_table,
    telemetry_table,
    audit_table,
    keys_table,
    rates_table,
    streams_table,
    jobs_table,
    parts_table,
)
_TABLES = (*_FIGURES, goals_table)
_PUBLISHED = (goals_table, *_FIGURES)


def terminal(result: dict[str, Any]) -> str:
    """Everything as aligned text."""
    tables = (table(result["run"]) for table in _TABLES)
    return "\n\n".join([*(_aligned(rows) for rows in tables if len(rows) > 1), "\n".join(notes(result))])


def publish(result: dict[str, Any]) -> None:
    """Put tables and plot into ``docs/performance.md``, between its marks."""
    page = _DOCS / "performance.md"
    before, _, rest = page.read_text().partition(_BEGIN)
    after = rest.partition(_END)[2]
    tables = (_markdown(table(result["run"])) for table in _PUBLISHED)
    text = "\n\n".join([_PICTURE, *tables, "\n".join(notes(result))])
    page.write_text(f"{before}{_BEGIN}\n\n{text}\n\n{_END}{after}")
    (_DOCS / "performance.svg").write_text(plot(result["run"], _TITLES))


def _cell(cell: Callable[[Run, str], str], run: Run, name: str) -> str:
    try:
        return cell(run, name)
    except KeyError:
        return "–"


def _spread(found: dict[str, Any], name: str) -> str:
    low, high = found[f"{name}_range"]
    return f"{found[name]:,.1f} ({low:,.0f}–{high:,.0f})"


def _ratio(found: dict[str, Any]) -> str:
    low, high = found["ratio_range"]
    return f"{found['ratio']:.3f} ({low:.3f}–{high:.3f})"


def _aligned(rows: Sequence[Row]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def _markdown(rows: Sequence[Row]) -> str:
    lines: Iterable[Row] = (rows[0], ("---",) * len(rows[0]), *rows[1:])
    return "\n".join("| " + " | ".join(row) + " |" for row in lines)


if __name__ == "__main__":
    publish(json.loads(Path(sys.argv[1]).read_text()))
