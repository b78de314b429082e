"""The Kubernetes manifests as they stand in their folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
OVERLAY = FOLDER / "overlays" / "example"
OLDEST, NEWEST = "1.30", "1.34"


def documents(path: Path) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all(path.read_text(encoding="utf-8")) if document]


def _by_kind(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {document["kind"]: document for document in found}


def resources_in(folder: Path) -> dict[str, dict[str, Any]]:
    """The folder's resources by kind, without those of the job workers."""
    files = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
    named = [name for name in files if name.endswith(".yaml") and name != "jobs.yaml"]
    return _by_kind([document for name in named for document in documents(folder / name)])


BASE = resources_in(FOLDER / "base")
JOBS = _by_kind(documents(FOLDER / "base" / "jobs.yaml"))
