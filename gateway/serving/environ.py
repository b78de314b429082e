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


class Environs:
    """Of the application's calls over one connection (PEP 3333)."""

    def __init__(self, connection: socket.socket, peer: Address, listener: Address) -> None:
        self._alike = {**_ALIKE, "gunicorn.socket": connection}
        self._alike["REMOTE_ADDR"], self._alike["REMOTE_PORT"] = _name_and_port(peer) or ("", "")
        self._server = _name_and_port(listener)

    def of(self, request: Request) -> dict[str, Any]:
        path, fields = request.path, request.fields
        name, port = self._server or _called(fields.get("HTTP_HOST", ""), request.scheme)
        environ: dict[str, Any] = {
            **self._alike,
            **fields,
            "REQUEST_METHOD": request.method,
            "RAW_URI": request.uri,
            "PATH_INFO": unquote_to_wsgi_str(path) if "%" in path else path,
            "QUERY_STRING": request.query,
            "SERVER_PROTOCOL": _PROTOCOLS[request.version],
            "SERVER_NAME": name,
            "SERVER_PORT": port,
            "wsgi.url_scheme": request.scheme,
            "wsgi.input": request.body,
        }
        if request.proxy_protocol_info:
            environ.update(proxy_environ(request))
        return environ


def _name_and_port(address: Address) -> tuple[str, str] | None:
    """None for a Unix socket, which has neither."""
    return (address[0], str(address[1])) if isinstance(address, tuple) else None


def _called(host: str, scheme: str) -> tuple[str, str]:
    name, _, port = host.partition(":")
    return name, port or _PORTS[scheme]
