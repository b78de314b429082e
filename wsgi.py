"""What gunicorn loads."""

from gevent.monkey import is_module_patched
from gunicorn.errors import AppImportError

from gateway.serving.later import Later
from gateway.settings import SettingsError, load
from gateway.telemetry.logs.gathered import GATHER_SECONDS
from gateway.wiring.app import create_app
from gateway.wiring.backends import connect

# A worker of another class runs no loop, in which lines would wait for ever.
_later = Later(GATHER_SECONDS) if is_module_patched("socket") else None
try:
    settings = load()
    app = create_app(settings, connect(settings), later=_later)
except SettingsError as exc:
    # The one error whose text gunicorn prints without a traceback, and after which it starts no other worker.
    raise AppImportError(exc.report()) from exc
