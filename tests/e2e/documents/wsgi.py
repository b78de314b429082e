"""What gunicorn loads: the service with documents beside its own resources."""

from gateway.api.routes import RESOURCES
from gateway.wiring.app import create_app
from tests.e2e.documents.resource import documents

app = create_app(resources=(*RESOURCES, documents))
