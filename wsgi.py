"""What gunicorn loads."""

from gateway.app import create_app

app = create_app()
