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


def resources_in(folder: Path) -> dict[str, dict[str, Any]]:
    """The folder's resources by kind."""
    files = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
    found = [document for name in files if name.endswith(".yaml") for document in documents(folder / name)]
    return {document["kind"]: document for document in found}


BASE = resources_in(FOLDER / "base")
