"""The page ``/docs`` as a reader uses it; its picture for the docs: ``python -m tests.e2e.browser.docs_page docs/images``."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.stack import Stack
from tests.e2e.browser.chromium import Chromium

if TYPE_CHECKING:
    from collections.abc import Sequence

_DIALOG = "document.querySelector('.modal-ux')"


class DocsPage:
    """Verbs for the page, open in ``chromium``."""

    def __init__(self, chromium: Chromium, url: str) -> None:
        self._chromium = chromium
        chromium.open(f"{url}/docs", size=(1280, 1700))
        chromium.wait_for("document.querySelectorAll('.opblock').length > 0")

    def operations(self) -> Sequence[str]:
        """What the page offers, as ``METHOD path``."""
        offered: list[str] = self._chromium.value(
            "[...document.querySelectorAll('.opblock-summary')].map((o) =>"
            "  o.querySelector('.opblock-summary-method').textContent + ' ' + o.querySelector('[data-path]').dataset.path)"
        )
        return offered

    def authorize(self, scheme: str, credentials: str) -> None:
        """Type credentials into the dialog, as ``keycloak`` or ``apiKey``."""
        self._chromium.value("document.querySelector('.btn.authorize').click()")
        self._chromium.wait_for(f"{_DIALOG} !== null")
        form = (
            f"[...{_DIALOG}.querySelectorAll('form')].find((f) => f.querySelector('code').textContent === '{scheme}')"
        )
        self._chromium.value(f"{form}.querySelector('input').focus()")
        self._chromium.command("Input.insertText", text=credentials)
        self._chromium.value(f"{form}.querySelector('.authorize').click()")
        self._chromium.wait_for(f"{form}.innerText.includes('Logout')")
        self._chromium.value(f"{_DIALOG}.querySelector('.btn-done').click()")

    def execute(self, operation: str) -> int:
        """Send an operation's example as the page holds it; the status that the page then shows."""
        block = f"document.querySelector('[id^=operations-][id$=-{operation}]')"
        status = f"{block}.querySelector('.live-responses-table tbody .response-col_status')"
        self._chromium.value(f"{block}.querySelector('.opblock-summary-control').click()")
        self._chromium.wait_for(f"{block}.querySelector('textarea')?.value.includes('data')")
        self._chromium.value(f"{block}.querySelector('.execute').click()")
        self._chromium.wait_for(f"/[0-9]{{3}}/.test({status}?.textContent)")
        return int(self._chromium.value(f"{status}.textContent.match(/[0-9]{{3}}/)[0]"))

    def answer(self) -> object:
        """The body that the page shows for what was sent."""
        return json.loads(
            self._chromium.value("document.querySelector('.live-responses-table .microlight').textContent")
        )

    def picture(self, path: Path) -> None:
        """Save the page from the body that was sent down to its answer."""
        self._chromium.value("document.querySelector('.opblock-section-request-body').scrollIntoView()")
        self._chromium.picture(path)


def main(folder: Path) -> None:
    """Save ``docs-page.png``."""
    with tempfile.TemporaryDirectory() as profile, Stack() as stack, Chromium(Path(profile)) as chromium:
        page = DocsPage(chromium, stack.gateway.url)
        page.authorize("keycloak", stack.token())
        page.execute("updateActions")
        page.picture(folder / "docs-page.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
