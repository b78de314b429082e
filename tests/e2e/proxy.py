"""A real nginx that shows a service under a path of its own."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from sandbox.part import Part

if TYPE_CHECKING:
    from pathlib import Path

# Debian keeps it where only root's path leads.
BINARY = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
MISSING = "nginx is not installed (make servers)"
PREFIX = "/partners/updates"

_CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {directives}
    server {{
        listen 127.0.0.1:{port};
        location {prefix}/ {{
            proxy_pass {service}/;
            proxy_set_header Host $http_host;
        }}
    }}
}}
"""


def nginx_before(service: str, folder: Path, directives: str = "") -> Part:
    """A proxy, not started, that shows ``service`` under PREFIX and nothing elsewhere.

    ``directives`` are further ones of its ``http`` block.
    """

    def command(port: int) -> list[str]:
        configuration = folder / "nginx.conf"
        places = {"folder": folder, "port": port, "prefix": PREFIX, "service": service}
        configuration.write_text(_CONFIGURATION.format(directives=directives, **places))
        return [str(BINARY), "-p", str(folder), "-c", str(configuration), "-e", str(folder / "error.log")]

    return Part("nginx", command, folder, f"{PREFIX}/livez", environment=dict(os.environ))
