"""The hot path compiled: ``python -m deploy.compiled FOLDER``, or ``make compiled``, which says ``build/compiled``.

FOLDER becomes a copy of this tree with machine code of MODULES beside their sources, made by mypyc with a C compiler.
What is started in FOLDER runs compiled. The tree itself stays Python.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mypyc.build import mypycify
from setuptools import Distribution

from gateway.compiled import RECORD, digest, record_in
from gateway.ending import run_to_its_end

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[1]
MODULES = (
    "gateway.admission.body_memory",
    "gateway.admission.idempotency.claim",
    "gateway.admission.idempotency.group_commit",
    "gateway.admission.idempotency.key",
    "gateway.admission.idempotency.sqlite_record",
    "gateway.admission.idempotency.sqlite_store",
    "gateway.admission.idempotency.store",
    "gateway.admission.idempotency.unwritten",
    "gateway.admission.shedding",
    "gateway.admission.sqlite_file",
    "gateway.api.body",
    "gateway.api.bulk",
    "gateway.api.calls",
    "gateway.api.capacity",
    "gateway.api.disconnect",
    "gateway.api.forms",
    "gateway.api.guard",
    "gateway.api.idempotency",
    "gateway.api.json_size",
    "gateway.api.options",
    "gateway.api.request_log",
    "gateway.api.strict_json",
    "gateway.api.under_way",
    "gateway.api.unsent",
    "gateway.auth.credentials",
    "gateway.auth.scopes",
    "gateway.batch.run",
    "gateway.batch.summary",
    "gateway.resources.translate",
    "gateway.serving.connection",
    "gateway.serving.environ",
    "gateway.serving.loop_turns",
    "gateway.serving.plain_fields",
    "gateway.serving.plain_head",
    "gateway.serving.plain_request",
    "gateway.serving.repeated_head",
    "gateway.telemetry.context",
    "gateway.telemetry.details",
    "gateway.telemetry.logs.lines",
    "gateway.telemetry.metrics.counted",
    "legacy_client.call_context",
    "legacy_client.deadline",
    "legacy_client.health.budget",
    "legacy_client.health.circuit",
    "legacy_client.health.gate",
    "legacy_client.operations",
    "legacy_client.sending.fanout",
    "legacy_client.sending.reading",
    "legacy_client.template",
    "legacy_client.transport.flow",
    "legacy_client.transport.hub.batch",
    "legacy_client.transport.hub.connection",
    "legacy_client.transport.hub.engine",
    "legacy_client.transport.hub.known_heads",
    "legacy_client.transport.hub.pool",
    "legacy_client.transport.hub.response",
    "legacy_client.transport.hub.transport",
    "legacy_client.transport.sessions.batch",
    "legacy_client.transport.turns",
    "schemas.acceptors",
    "schemas.batch_check",
    "schemas.batch_loader",
    "schemas.columns",
    "schemas.compiled",
    "schemas.error_list",
    "schemas.row_kinds",
)
"""What gains by it (decision 0067), and classes below a compiled one."""
_LEFT_BEHIND = shutil.ignore_patterns(
    ".git", ".venv", "build", "site", "node_modules", "__pycache__", ".cache", ".*_cache", ".hypothesis", "*.so", RECORD
)
_LIBRARIES = "*.so"
_UNLIKELY = Path(__file__).with_name("unlikely.h")
# A lone request finds its code in no cache. So what runs stands close together, and what leads to an error stands apart.
_CLOSE_TOGETHER = ("-include", str(_UNLIKELY), "-fvisibility=hidden", "-fno-plt")


def main(arguments: Sequence[str]) -> int:
    folder = Path(arguments[0]).resolve()
    wanted = {name: digest(ROOT, name) for name in MODULES}
    libraries = _libraries(folder) if record_in(folder) == wanted | _made_for() else {}
    _copy(folder)
    for name, library in libraries.items():
        (folder / name).write_bytes(library)
    if not libraries:
        print(f"Compiling {len(MODULES)} modules into {folder}; this takes a minute.", flush=True)
        _compile(folder)
    (folder / RECORD).write_text(json.dumps(wanted | _made_for(), indent=1) + "\n", encoding="utf-8")
    return 0


def _made_for() -> dict[str, str]:
    """A library is good for one Python, and for one way to make it."""
    how = hashlib.sha256(Path(__file__).read_bytes() + _UNLIKELY.read_bytes()).hexdigest()
    return {"": f"{sys.implementation.cache_tag} {how}"}


def _libraries(folder: Path) -> Mapping[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob(_LIBRARIES) if path.is_file()}


def _copy(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT, folder, symlinks=True, ignore=_LEFT_BEHIND)
    if (ROOT / ".venv").exists():
        (folder / ".venv").symlink_to(ROOT / ".venv")


def _compile(folder: Path) -> None:
    """Raises SystemExit, with what mypyc says."""
    os.chdir(folder)
    options = ["--config-file=", "--ignore-missing-imports", f"--cache-dir={folder / 'build' / 'types'}"]
    paths = [f"{name.replace('.', '/')}.py" for name in MODULES]
    # Lines of tracebacks need no debug information of the C compiler.
    libraries = mypycify(
        [*options, *paths], group_name="hot_path", target_dir="build/c", opt_level="2", debug_level="0"
    )
    for library in libraries:
        library.extra_compile_args.extend(_CLOSE_TOGETHER)
    how = ["build_ext", "--inplace", "--build-temp=build/objects"]
    distribution = Distribution({"name": "hot-path", "ext_modules": libraries, "script_args": how})
    distribution.parse_command_line()
    distribution.run_commands()
    shutil.rmtree("build")


if __name__ == "__main__":
    sys.exit(run_to_its_end(lambda: main(sys.argv[1:])))
