"""Loads ``requests`` without the libraries that guess the charset of a text. A text that names none is UTF-8."""

from __future__ import annotations

import sys
import warnings

# JSON has one charset (RFC 8259 section 8.1); they are four megabytes of each worker, for nothing.
_LIBRARIES = ("chardet", "charset_normalizer")

_not_yet = [name for name in _LIBRARIES if name not in sys.modules]
# How Python is told that a module cannot be had.
sys.modules.update(dict.fromkeys(_not_yet))  # type: ignore[arg-type]  # annotated as modules only
with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "Unable to find acceptable character detection dependency")
    import requests as requests
# Another library of the process may want one.
for _name in _not_yet:
    del sys.modules[_name]
