"""``python -m gateway.reference FOLDER`` writes the reference pages, and the collections of requests beside them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gateway.ending import run_to_its_end
from gateway.reference import bruno, postman
from gateway.reference.collection import Collection
from gateway.reference.pages import PAGES


def files() -> dict[str, str]:
    """Path in the folder → text."""
    collection = Collection.of_this_version()
    pages = {name: make() for name, make in PAGES.items()}
    return {**pages, **postman.files(collection), **bruno.files(collection)}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m gateway.reference", description="Writes the pages of reference, and collections of requests."
    )
    parser.add_argument("folder", type=Path, help="made where it is not there")
    folder: Path = parser.parse_args().folder
    try:
        for name, text in files().items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as exc:
        sys.stderr.write(f"error: {exc.filename}: {exc.strerror}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(run_to_its_end(main))
