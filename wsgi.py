"""What gunicorn loads."""

from gunicorn.errors import AppImportError

from gateway.serving.later import Later
from gateway.settings import SettingsError, load
from gateway.telemetry.logs.gathered import GATHER_SECONDS
from gateway.wiring.app import create_app
from gateway.wiring.backends import connect

try:
    settings = load()
    app = create_app(settings, connect(settings), later=Later(GATHER_SECONDS))
except SettingsError as exc:
    # The one error whose text gunicorn prints without a traceback, and after which it starts no other worker.
    raise AppImportError(exc.report()) from exc
