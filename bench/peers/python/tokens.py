"""RS256 access tokens, checked with PyJWT; a verified token is kept until it expires."""

import json
import os
import time
import urllib.request

import jwt

ISSUER, AUDIENCE = os.environ["ISSUER"], os.environ["AUDIENCE"]


def _fetch_keys():
    with urllib.request.urlopen(f"{ISSUER}/protocol/openid-connect/certs", timeout=5) as answer:
        return {key["kid"]: jwt.PyJWK(key) for key in json.load(answer)["keys"]}


_keys = _fetch_keys()
_verified = {}


def is_valid(authorization):
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        return False
    claims = _verified.get(token) or _verify(token)
    return claims is not None and claims["exp"] > time.time()


def _verify(token):
    try:
        key = _keys[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(token, key, algorithms=["RS256"], issuer=ISSUER, audience=AUDIENCE)
    except (jwt.PyJWTError, KeyError):
        return None
    if len(_verified) >= 10_000:
        _verified.clear()
    _verified[token] = claims
    return claims
