"""Logging in on a device without a browser: its code, the page where a person agrees, and the grant (RFC 8628)."""

from __future__ import annotations

import html
import secrets
import time
from typing import TYPE_CHECKING

from sandbox.identity.clients import authenticate
from sandbox.identity.errors import refuse
from sandbox.identity.realm import USERS, Device
from sandbox.server.messages import Answer, json_answer

if TYPE_CHECKING:
    from sandbox.identity.realm import Realm, User
    from sandbox.server.messages import Request

SECONDS = 600
INTERVAL_SECONDS = 1
# Without vowels, so that no word comes out (RFC 8628 section 6.1).
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_PAGE = """<!doctype html>
<title>Log in a device</title>
<p>{text}</p>
<form method="post">
<label>Code <input name="user_code" value="{code}"></label>
<label>User <input name="username"></label>
<label>Password <input name="password" type="password"></label>
<button>Agree</button> <button name="deny" value="1">Refuse</button>
</form>
"""


def authorize(realm: Realm, request: Request) -> Answer:
    """200 with the device's code and the user's (RFC 8628 section 3.2)."""
    client = authenticate(request)
    letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
    device = Device(client.id, f"{letters[:4]}-{letters[4:]}", request.form().get("scope", ""), time.time() + SECONDS)
    code = secrets.token_urlsafe(32)
    realm.devices[code] = device
    page = f"{realm.url}/device"
    return json_answer(
        {
            "device_code": code,
            "user_code": device.user_code,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?user_code={device.user_code}",
            "expires_in": SECONDS,
            "interval": INTERVAL_SECONDS,
        }
    )


def page(_realm: Realm, request: Request) -> Answer:
    """200 with the form."""
    return _shown("Who are you, and is this the code that your device shows?", request.query.get("user_code", ""))


def decide(realm: Realm, request: Request) -> Answer:
    """200 once a user agreed or refused."""
    form = request.form()
    device = next((one for one in realm.devices.values() if one.user_code == form.get("user_code", "").upper()), None)
    user = USERS.get(form.get("username", ""))
    if device is None:
        return _shown("There is no such code.", form.get("user_code", ""))
    if user is None or not secrets.compare_digest(user.password.encode(), form.get("password", "").encode()):
        return _shown("Wrong user or password.", device.user_code)
    device.user, device.is_refused = user.name, "deny" in form
    return _shown("Done; go back to your device.", "")


def user_of(realm: Realm, code: str, client_id: str) -> tuple[User, str]:
    """Who agreed, and the scope. Raises Refusal as RFC 8628 section 3.5 says."""
    device = realm.devices.get(code)
    if device is None or device.client_id != client_id:
        raise refuse(400, "invalid_grant", "Device code not valid")
    now, last = time.time(), device.asked_at
    device.asked_at = now
    if now > device.expires_at:
        raise refuse(400, "expired_token", "Device code is expired")
    if device.is_refused:
        raise refuse(400, "access_denied", "The end user denied the authorization request")
    if device.user:
        del realm.devices[code]
        return USERS[device.user], device.scope
    if now - last < INTERVAL_SECONDS / 2:
        raise refuse(400, "slow_down", "Slow down")
    raise refuse(400, "authorization_pending", "The authorization request is still pending")


def _shown(text: str, code: str) -> Answer:
    page = _PAGE.format(text=html.escape(text), code=html.escape(code))
    return Answer(200, page.encode(), (("Content-Type", "text/html; charset=utf-8"),))
