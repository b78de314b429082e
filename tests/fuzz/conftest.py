"""The application on a loopback port, in front of a core of many moods: each way in which a call can end is met."""

from __future__ import annotations

import threading

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from legacy_client import errors as core
from tests.doubles.service import Service

_MOODS = (
    core.NotFound(404),
    core.Rejected(422, errors={"due_at": ["Is in the past."], "unheard_of": ["Is wrong."]}),
    core.Conflict(409),
    core.Busy(429, retry_after=2.0),
    core.Unreachable("refused"),
    core.TimedOut("late"),
    core.BrokenOff("reset"),
    core.BadAnswer("html"),
    core.AccessDenied(403),
)


class Moody(dict):
    """The script of a core whose mood hangs on the id: a third of the calls fail."""

    def get(self, action_id, usual=None):
        number = sum(map(ord, action_id)) % (3 * len(_MOODS))
        return _MOODS[number] if number < len(_MOODS) else usual


class Quiet(WSGIRequestHandler):
    """Logs no request."""

    def log(self, *_):
        return


@pytest.fixture
def moody_url(tmp_path):
    service = Service(tmp_path, {"GATEWAY_KEY_RATE_LIMIT": ""})
    service.core.script = Moody()
    server = make_server("127.0.0.1", 0, service.app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
    service.close()
