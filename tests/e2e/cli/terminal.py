"""A real pseudo-terminal around the command."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

SECONDS = 60
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")
_COLOURS = re.compile(r"\x1b\[[0-9;]*(?:3[0-7]|9[0-7]|38)[0-9;]*m")


class Terminal:
    """``columns`` wide. ``text`` is all that was written to it so far."""

    def __init__(self, command, arguments, columns, **environment):
        self._master, slave = pty.openpty()
        self.resize(columns, tell=False)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cli", *arguments],
            cwd=command.folder,
            env={**command.environment, "TERM": "xterm-256color", "LANG": "C.UTF-8", **environment},
            preexec_fn=lambda: os.login_tty(slave),
            close_fds=False,
        )
        os.close(slave)
        self.text = ""

    def resize(self, columns, *, tell=True):
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        if tell:
            self.process.send_signal(signal.SIGWINCH)

    def press(self, keys):
        os.write(self._master, keys.encode())

    def wait_for(self, pattern):
        """Read on until ``pattern`` comes after what was read before."""
        began, ends_at = len(self.text), time.monotonic() + SECONDS
        while not re.search(pattern, plain(self.text[began:])):
            assert time.monotonic() < ends_at, self.text
            assert self._read(), f"{pattern} did not come: {self.text}"

    def end(self):
        """The exit code, once all was read."""
        while self._read():
            pass
        return self.process.wait(SECONDS)

    def close(self):
        """Whatever still runs."""
        self.process.kill()
        self.process.wait(SECONDS)
        os.close(self._master)

    def _read(self):
        readable, _, _ = select.select([self._master], [], [], SECONDS)
        try:
            piece = os.read(self._master, 65_536) if readable else b""
        except OSError:  # the other end is closed
            return False
        self.text += piece.decode()
        return bool(piece)


def plain(text):
    return _ESCAPES.sub("", text)


def sentences(text):
    """However its lines were broken."""
    return " ".join(plain(text).split())


def widest(text):
    """The longest run of characters that was drawn on one line."""
    return max(len(line) for line in re.split(r"[\r\n]+", plain(text)))


def is_coloured(text):
    return bool(_COLOURS.search(text))
