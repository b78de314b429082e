"""A real browser for tests: headless Chromium, driven by its DevTools protocol over a pipe.

Commands are documented at https://chromedevtools.github.io/devtools-protocol/; each message is JSON and ends with NUL.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    from pathlib import Path

EXECUTABLE = shutil.which("chromium")
PATIENCE_SECONDS = 60.0
_OPTIONS = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)

# The browser reads commands from descriptor 3 and writes answers to descriptor 4.
_LAUNCHER = """
import fcntl, os, sys
pipes = [fcntl.fcntl(int(pipe), fcntl.F_DUPFD, 10) for pipe in sys.argv[1:3]]
for number, pipe in enumerate(pipes, 3):
    os.dup2(pipe, number)
os.execv(sys.argv[3], sys.argv[3:])
"""


class BrowserError(AssertionError):
    """A command failed, or a condition did not come true in time."""


class Answer(NamedTuple):
    """An answer that came over the wire, whether the page may read it or not. Header names are lower case."""

    method: str
    status: int
    headers: dict[str, str]


class Chromium:
    """One browser with one tab. ``profile`` is an empty folder for it alone."""

    def __init__(self, profile: Path) -> None:
        # What it leaves in the temporary folder as it is killed goes with this one.
        self._leavings = tempfile.TemporaryDirectory(prefix="chromium-")
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()
        launch = [sys.executable, "-c", _LAUNCHER, str(to_browser), str(from_browser), str(EXECUTABLE), *_OPTIONS]
        self._process = subprocess.Popen(
            [*launch, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(to_browser, from_browser),
            env=os.environ | {"TMPDIR": self._leavings.name},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._numbers = itertools.count(1)
        self._unread = b""
        self._session = ""
        self._requests: dict[str, tuple[str, str]] = {}
        self.requested: list[str] = []
        self._answers: list[dict[str, Any]] = []
        self.complaints: list[str] = []

    def __enter__(self) -> Self:
        """Open the tab."""
        try:
            self._attach()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _attach(self) -> None:
        target = self.command("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.command(f"{domain}.enable")

    def __exit__(self, *_: object) -> None:
        """End the browser."""
        os.close(self._out)
        os.close(self._in)
        self._process.kill()
        self._process.wait(PATIENCE_SECONDS)
        self._leavings.cleanup()

    def open(self, url: str, *, dark: bool = False, size: tuple[int, int] = (1280, 900)) -> None:
        """Show a page; ``requested`` then holds every address it asked for, ``complaints`` what went wrong in it."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", features=[scheme])
        width, height = size
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )
        self.command("Page.navigate", url=url)
        self.wait_for("document.readyState === 'complete'")

    def answers(self, url: str) -> list[Answer]:
        """What came back from an address so far, preflights included."""
        told = ((self._requests.get(answer["requestId"], ("", "")), answer) for answer in self._answers)
        return [
            Answer(method, answer["statusCode"], {name.lower(): text for name, text in answer["headers"].items()})
            for (asked, method), answer in told
            if asked == url
        ]

    def value(self, expression: str) -> Any:
        """What a JavaScript expression, or its promise, comes to."""
        result = self.command("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise BrowserError(result["exceptionDetails"])
        return result["result"].get("value")

    def wait_for(self, expression: str) -> None:
        """Until a JavaScript expression is true. Raises BrowserError with what the page then says."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._is(expression):
            if time.monotonic() > deadline:
                raise BrowserError(
                    f"never true: {expression}\n{self.complaints}\n{self.value('document.body.innerText')}"
                )
            time.sleep(0.05)

    def _is(self, expression: str) -> bool:
        """Whether an expression is true; not yet, where the page is just being left for the next."""
        try:
            return bool(self.value(expression))
        except BrowserError as error:
            if "navigated" in str(error):
                return False
            raise

    def picture(self, path: Path) -> None:
        """Save what is shown as PNG."""
        path.write_bytes(base64.b64decode(self.command("Page.captureScreenshot")["data"]))

    def command(self, method: str, **params: object) -> dict[str, Any]:
        """Run one command of the protocol; its result."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        message |= {"sessionId": self._session} if self._session else {}
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != number:
            self._note(answer)
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def _note(self, event: dict[str, Any]) -> None:
        params = event.get("params", {})
        match event.get("method"):
            case "Network.requestWillBeSent":
                self.requested.append(params["request"]["url"])
                self._requests[params["requestId"]] = (params["request"]["url"], params["request"]["method"])
            case "Network.responseReceivedExtraInfo":
                self._answers.append(params)
            case "Log.entryAdded" if params["entry"]["level"] == "error":
                self.complaints.append(params["entry"]["text"])
            case "Runtime.exceptionThrown":
                self.complaints.append(str(params["exceptionDetails"]))

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            if not select.select([self._in], [], [], PATIENCE_SECONDS)[0]:
                raise BrowserError("the browser does not answer")
            chunk = os.read(self._in, 1 << 16)
            if not chunk:
                raise BrowserError("the browser ended")
            self._unread += chunk
        message, _, self._unread = self._unread.partition(b"\0")
        parsed: dict[str, Any] = json.loads(message)
        return parsed
