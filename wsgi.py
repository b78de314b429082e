"""What gunicorn loads."""

from gunicorn.errors import AppImportError

from gateway.settings import SettingsError
from gateway.wiring.app import create_app

try:
    app = create_app()
except SettingsError as exc:
    # The one error whose text gunicorn prints without a traceback, and after which it starts no other worker.
    raise AppImportError(exc.report()) from exc
