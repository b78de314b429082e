"""What gunicorn loads: the service with documents beside its own resources."""

from gateway.api.routes import RESOURCES
from gateway.settings import load
from gateway.wiring.app import create_app
from gateway.wiring.backends import connect
from tests.e2e.documents.resource import documents

settings = load()
app = create_app(settings, connect(settings), (*RESOURCES, documents))
