"""Known attacks on JWTs, by name: what is sent, and the reason for which it is refused."""

from __future__ import annotations

import base64
import json

from cryptography.hazmat.primitives import hashes

from tests.doubles.issuer import (
    AUDIENCE,
    ISSUER,
    NOW,
    b64,
    claims,
    compact,
    es256,
    header,
    hs256,
    ps256,
    public_pem,
    rs256,
    rsa_jwk,
    token,
)


def nothing(data: bytes) -> bytes:
    return b""


def replaced(part: int, text: str) -> str:
    parts = token().split(".")
    parts[part] = text
    return ".".join(parts)


def tampered_claim() -> str:
    return replaced(1, b64(json.dumps(claims(sub="admin")).encode()))


def flipped_signature() -> str:
    body, _, signature = token().rpartition(".")
    raw = bytearray(base64.urlsafe_b64decode(signature + "=="))
    raw[0] ^= 1
    return f"{body}.{b64(bytes(raw))}"


def json_serialisation() -> str:
    protected, payload, signature = token().split(".")
    return json.dumps({"payload": payload, "protected": protected, "signature": signature})


def non_canonical_ending() -> str:
    # 256 bytes end in a character of which only the first two bits count: another spelling of the same signature.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    text = token()
    return text[:-1] + alphabet[alphabet.index(text[-1]) + 1]


def deep(levels: int) -> bytes:
    return b'{"a":' + b"[" * levels + b"]" * levels + b"}"


def raw_claims(extra: str) -> bytes:
    return (json.dumps(claims())[:-1] + f", {extra}}}").encode()


FORGED = {
    "alg none": (lambda: compact(header(alg="none"), claims(), nothing) + "AA", "alg not accepted"),
    "alg None": (lambda: token(alg="None"), "alg not accepted"),
    "alg nOnE": (lambda: token(alg="nOnE"), "alg not accepted"),
    "alg NONE": (lambda: token(alg="NONE"), "alg not accepted"),
    "alg none and no signature": (lambda: compact(header(alg="none"), claims(), nothing), "compact"),
    "alg empty": (lambda: token(alg=""), "alg not accepted"),
    "alg absent": (lambda: compact({"kid": "rsa"}, claims(), rs256("rsa")), "without alg"),
    "alg a list": (lambda: token(alg=["RS256"]), "without alg"),
    "alg null": (lambda: token(alg=None), "without alg"),
    "alg in lower case": (lambda: token(alg="rs256"), "alg not accepted"),
    "HS256 with the public key as PEM": (lambda: token(alg="HS256", sign=hs256(public_pem("rsa"))), "alg not accepted"),
    "HS256 with the modulus": (
        lambda: token(alg="HS256", sign=hs256(rsa_jwk("rsa")["n"].encode())),
        "alg not accepted",
    ),
    "HS256 with an empty secret": (lambda: token(alg="HS256", sign=hs256(b"")), "alg not accepted"),
    "HS256 signed, RS256 named": (lambda: token(sign=hs256(public_pem("rsa"))), "signature"),
    "RS512 for an RS256 key": (lambda: token(alg="RS512", sign=rs256("rsa", hashes.SHA512)), "alg is not the key's"),
    "RS384 for an RS256 key": (lambda: token(alg="RS384", sign=rs256("rsa", hashes.SHA384)), "alg is not the key's"),
    "PS256 for an RS256 key": (lambda: token(alg="PS256", sign=ps256("rsa")), "alg is not the key's"),
    "ES256 for an RS256 key": (lambda: token(alg="ES256", sign=es256("ec")), "alg is not the key's"),
    "PS256 signed, RS256 named": (lambda: token(sign=ps256("rsa")), "signature"),
    "RS256 for an EC key": (lambda: token(kid="ec"), "alg is not the key's"),
    "ES256K": (lambda: token(alg="ES256K", kid="ec", sign=es256("ec")), "alg not accepted"),
    "ES256 psychic signature": (lambda: token(alg="ES256", kid="ec", sign=lambda _: bytes(64)), "signature"),
    "ES256 signature in DER": (lambda: token(alg="ES256", kid="ec", sign=lambda _: b"0" * 70), "signature"),
    "ES256 signature too short": (lambda: token(alg="ES256", kid="ec", sign=lambda _: b"1"), "signature"),
    "EdDSA signature of zeros": (lambda: token(alg="EdDSA", kid="ed", sign=lambda _: bytes(64)), "signature"),
    "key of another issuer": (lambda: token(sign=rs256("attacker")), "signature"),
    "tampered claim": (tampered_claim, "signature"),
    "tampered header": (lambda: replaced(0, b64(json.dumps(header(x="y")).encode())), "signature"),
    "flipped signature bit": (flipped_signature, "signature"),
    "signature of another token": (lambda: replaced(2, token(claims(jti="j2")).split(".")[2]), "signature"),
    "one byte of signature": (lambda: replaced(2, "AA"), "signature"),
    "nested JWS": (lambda: token(token().encode(), cty="JWT"), "not strict JSON"),
}

HEADERS = {
    "kid absent": (lambda: compact({"alg": "RS256"}, claims(), rs256("rsa")), "usable kid"),
    "kid empty": (lambda: token(kid=""), "usable kid"),
    "kid a number": (lambda: token(kid=1), "usable kid"),
    "kid a list": (lambda: token(kid=["rsa"]), "usable kid"),
    "kid an object": (lambda: token(kid={"rsa": 1}), "usable kid"),
    "kid over-long": (lambda: token(kid="k" * 129), "usable kid"),
    "crit with an unknown name": (lambda: token(crit=["foo"], foo=1), "extension"),
    "crit empty": (lambda: token(crit=[]), "extension"),
    "b64 false": (lambda: token(b64=False, crit=["b64"]), "extension"),
    "b64 without crit": (lambda: token(b64=False), "extension"),
    "zip": (lambda: token(zip="DEF"), "extension"),
    "typ of a logout token": (lambda: token(typ="logout+jwt"), "another kind"),
    "typ of a DPoP proof": (lambda: token(typ="dpop+jwt"), "another kind"),
    "typ a number": (lambda: token(typ=1), "another kind"),
    "typ null": (lambda: token(typ=None), "another kind"),
    "duplicate alg": (
        lambda: compact(b'{"alg":"none","alg":"RS256","kid":"rsa"}', claims(), rs256("rsa")),
        "not strict JSON",
    ),
    "header a list": (lambda: compact(b'["RS256"]', claims(), rs256("rsa")), "not a JSON object"),
    "header in UTF-16": (
        lambda: compact(json.dumps(header()).encode("utf-16"), claims(), rs256("rsa")),
        "not strict JSON",
    ),
    "header with a byte-order mark": (
        lambda: compact(b"\xef\xbb\xbf" + json.dumps(header()).encode(), claims(), rs256("rsa")),
        "not strict JSON",
    ),
    "header over-long": (lambda: token(x="x" * 1024), "header too long"),
    "header deep": (lambda: compact(deep(300), claims(), rs256("rsa")), "without alg"),
    "jwk as the only key": (
        lambda: compact({"alg": "RS256", "jwk": rsa_jwk("attacker")}, claims(), rs256("attacker")),
        "usable kid",
    ),
    "jwk beside a known kid": (lambda: token(jwk=rsa_jwk("attacker"), sign=rs256("attacker")), "signature"),
}

SHAPES = {
    "no dot": (lambda: "eyJhbGciOiJSUzI1NiJ9", "compact"),
    "one dot": (lambda: "e30.e30", "compact"),
    "three dots": (lambda: token() + ".AAAA", "compact"),
    "four dots, a JWE": (lambda: "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.AA.AA.AA.AA", "compact"),
    "only dots": (lambda: "..", "compact"),
    "empty signature": (lambda: token().rpartition(".")[0] + ".", "compact"),
    "empty payload": (lambda: replaced(1, ""), "compact"),
    "padding appended": (lambda: token() + "==", "compact"),
    "padding inside": (lambda: replaced(0, b64(json.dumps(header()).encode()) + "="), "compact"),
    "standard base64 alphabet": (lambda: replaced(2, "+/+/"), "compact"),
    "line feed at the end": (lambda: token() + "\n", "compact"),
    "tab inside": (lambda: token()[:10] + "\t" + token()[10:], "compact"),
    "NUL inside": (lambda: token()[:10] + "\0" + token()[10:], "compact"),
    "URL-encoded dots": (lambda: token().replace(".", "%2e"), "compact"),
    "fullwidth dots": (lambda: token().replace(".", "．"), "ASCII"),
    "letters outside ASCII": (lambda: token() + "é", "ASCII"),
    "lone surrogate": (lambda: token() + "\ud800", "ASCII"),
    "fullwidth digits": (lambda: replaced(2, "１２"), "ASCII"),
    "one character too many for base64": (lambda: replaced(1, "AAAAA"), "unreadable"),
    "one character of header": (lambda: replaced(0, "A"), "base64url"),
    "another spelling of the signature": (non_canonical_ending, "signature"),
    "JSON serialisation": (json_serialisation, "compact"),
    "a PASETO": (lambda: "v4.public.AAAA.AAAA", "compact"),
    "over-long by its signature": (lambda: token(sign=lambda _: b"s" * 8192), "too long"),
    "over-long by its payload": (lambda: token(claims(x="x" * 8192)), "too long"),
}

PAYLOADS = {
    "payload a string": (lambda: token(b'"admin"'), "not a JSON object"),
    "payload a list": (lambda: token(b"[]"), "not a JSON object"),
    "payload null": (lambda: token(b"null"), "not a JSON object"),
    "payload no JSON": (lambda: token(b"{"), "not strict JSON"),
    # Some Pythons read it, and find that it claims nothing.
    "payload deep": (lambda: token(deep(2900)), ""),
    "payload in UTF-16": (lambda: token(json.dumps(claims()).encode("utf-16")), "not strict JSON"),
    "payload of invalid UTF-8": (lambda: token(b'{"iss":"\xff"}'), "not strict JSON"),
    "payload with a lone surrogate": (lambda: token(raw_claims(r'"name": "\ud800"')), "not strict JSON"),
    "payload with NaN": (lambda: token(raw_claims('"x": NaN')), "not strict JSON"),
    "payload with Infinity": (lambda: token(raw_claims('"x": Infinity')), "not strict JSON"),
    "payload with a 5,000-digit number": (lambda: token(raw_claims(f'"x": {"9" * 5000}')), "not strict JSON"),
    "duplicate sub": (lambda: token(raw_claims('"sub": "admin"')), "not strict JSON"),
    "duplicate name, deep inside": (lambda: token(raw_claims('"x": {"a": 1, "a": 2}')), "not strict JSON"),
    "duplicate name, escaped": (lambda: token(raw_claims(r'"s\u0075b": "admin"')), "not strict JSON"),
}

CLAIMS = {
    "iss absent": (claims(iss=None), "iss"),
    "iss with a slash": (claims(iss=ISSUER + "/"), "iss"),
    "iss in upper case": (claims(iss=ISSUER.upper()), "iss"),
    "iss of another realm": (claims(iss=ISSUER.replace("partners", "master")), "iss"),
    "iss a list": (claims(iss=[ISSUER]), "iss"),
    "iss an object": (claims(iss={ISSUER: 1}), "iss"),
    "exp absent": (claims(exp=None), "exp"),
    "exp a string": (claims(exp=str(NOW + 300)), "exp"),
    "exp true": (claims(exp=True), "exp"),
    "exp a list": (claims(exp=[NOW + 300]), "exp"),
    "exp past": (claims(exp=NOW - 31), "expired"),
    "exp zero": (claims(exp=0), "expired"),
    "exp negative": (claims(exp=-NOW), "expired"),
    "exp in 400 digits": (claims(exp=10**400), "exp too far"),
    "exp in a hundred years": (claims(exp=NOW + 3_153_600_000), "exp too far"),
    "exp in milliseconds": (claims(exp=(NOW + 300) * 1000), "exp too far"),
    "exp one second past the longest lifetime": (claims(exp=NOW + 86_400 + 31), "exp too far"),
    "nbf in the future": (claims(nbf=NOW + 31), "not yet valid"),
    "nbf a string": (claims(nbf="0"), "nbf"),
    "nbf true": (claims(nbf=True), "nbf"),
    "iat in the future": (claims(iat=NOW + 31), "not yet valid"),
    "iat a string": (claims(iat="0"), "iat"),
    "aud absent": (claims(aud=None), "aud"),
    "aud of another service": (claims(aud="account"), f"aud 'account', expected {AUDIENCE}"),
    "aud a number": (claims(aud=1), "aud"),
    "aud an empty list": (claims(aud=[]), f"aud [], expected {AUDIENCE}"),
    "aud a mixed list": (claims(aud=[AUDIENCE, 1]), "aud"),
    "aud an object": (claims(aud={AUDIENCE: 1}), "aud"),
    "aud as a substring": (claims(aud=f"not-{AUDIENCE}"), f"aud 'not-{AUDIENCE}', expected {AUDIENCE}"),
    "aud in another case": (claims(aud=AUDIENCE.upper()), f"aud {AUDIENCE.upper()!r}, expected {AUDIENCE}"),
    "sub absent": (claims(sub=None), "sub"),
    "sub empty": (claims(sub=""), "sub"),
    "sub a number": (claims(sub=7), "sub"),
    "sub a list": (claims(sub=["7f1c2a"]), "sub"),
    "azp a list": (claims(azp=["partner-app"]), "azp"),
    "ID token": (claims(typ="ID"), "typ 'ID', expected Bearer"),
    "refresh token": (claims(typ="Refresh"), "typ 'Refresh', expected Bearer"),
    "offline token": (claims(typ="Offline"), "typ 'Offline', expected Bearer"),
    "logout token": (claims(typ="Logout"), "typ 'Logout', expected Bearer"),
    "typ absent": (claims(typ=None), "typ None, expected Bearer"),
    "typ a list": (claims(typ=["Bearer"]), "typ ['Bearer'], expected Bearer"),
    "sender-constrained token": (claims(cnf={"x5t#S256": "AA"}), "sender-constrained"),
    "scope a list": (claims(scope=["actions:write"]), "scope"),
    "realm_access a list": (claims(realm_access=["updater"]), "realm_access"),
    "roles a string": (claims(realm_access={"roles": "updater"}), "roles"),
    "roles of numbers": (claims(realm_access={"roles": [1]}), "roles"),
    "resource_access a string": (claims(resource_access=AUDIENCE), "resource_access"),
    "resource_access of us a list": (claims(resource_access={AUDIENCE: ["bulk"]}), AUDIENCE),
}

ATTACKS = FORGED | HEADERS | SHAPES | PAYLOADS
ATTACKS |= {name: (lambda payload=payload: token(payload), reason) for name, (payload, reason) in CLAIMS.items()}
