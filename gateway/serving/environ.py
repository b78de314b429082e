from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from gunicorn.http.wsgi import FileWrapper, proxy_environ
from gunicorn.util import unquote_to_wsgi_str

if TYPE_CHECKING:
    import socket

    from gateway.serving.connection import Request

    # Host and port; a path for a Unix socket.
    Address = tuple[Any, ...] | str | bytes

_PROTOCOLS = {(1, 0): "HTTP/1.0", (1, 1): "HTTP/1.1"}
_PORTS = {"http": "80", "https": "443"}
_ALIKE: dict[str, object] = {
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
    "wsgi.file_wrapper": FileWrapper,
    "wsgi.input_terminated": True,
    "SCRIPT_NAME": "",
}


def environ_of(request: Request, connection: socket.socket, peer: Address, listener: Address) -> dict[str, Any]:
    """Of the application's call (PEP 3333)."""
    path = request.path
    environ: dict[str, Any] = {
        **_ALIKE,
        **request.fields,
        "REQUEST_METHOD": request.method,
        "RAW_URI": request.uri,
        "PATH_INFO": unquote_to_wsgi_str(path) if "%" in path else path,
        "QUERY_STRING": request.query,
        "SERVER_PROTOCOL": _PROTOCOLS[request.version],
        "wsgi.url_scheme": request.scheme,
        "wsgi.input": request.body,
        "gunicorn.socket": connection,
    }
    environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = _peer(peer)
    environ["SERVER_NAME"], environ["SERVER_PORT"] = _server(listener, environ)
    if request.proxy_protocol_info:
        environ.update(proxy_environ(request))
    return environ


def _peer(address: Address) -> tuple[str, str]:
    return (address[0], str(address[1])) if isinstance(address, tuple) else ("", "")


def _server(listener: Address, environ: dict[str, Any]) -> tuple[str, str]:
    if isinstance(listener, tuple):
        return listener[0], str(listener[1])
    # A Unix socket has no name and port.
    name, _, port = environ.get("HTTP_HOST", "").partition(":")
    return name, port or _PORTS[environ["wsgi.url_scheme"]]
