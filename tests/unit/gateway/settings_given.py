"""Settings as an operator gives them."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from gateway.settings import SettingsError, load
from tests.doubles.certificates import Authority

REQUIRED = {
    "GATEWAY_CORE_URL": "http://core.test:8080/",
    "GATEWAY_KEYCLOAK_URL": "https://keycloak.test",
    "GATEWAY_KEYCLOAK_REALM": "partners",
    "GATEWAY_KEYCLOAK_AUDIENCE": "gateway",
}


def lines_of(environ):
    with pytest.raises(SettingsError) as caught:
        load(environ)
    assert str(caught.value).split("\n") == list(caught.value.lines)
    return list(caught.value.lines)


class Files:
    """A client certificate as its owner may have it."""

    def __init__(self, folder):
        self.folder = folder
        self.issued = Authority(folder).issue("client.test")

    def load(self, cert_file, key_file=""):
        settings = load(REQUIRED | {"GATEWAY_CORE_CERT_FILE": cert_file, "GATEWAY_CORE_KEY_FILE": key_file})
        return settings.core.core_cert_file, settings.core.core_key_file

    def joined(self):
        path = self.folder / "joined.pem"
        path.write_bytes(b"".join(Path(part).read_bytes() for part in (self.issued.cert_file, self.issued.key_file)))
        return str(path)

    def locked(self):
        path = self.folder / "locked.key"
        key = load_pem_private_key(Path(self.issued.key_file).read_bytes(), password=None)
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"hush")))
        return str(path)
