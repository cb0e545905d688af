"""Verifies an access token as a backend would that knows RFC 9068 and the issuer's address, with a
library that this project did not write: python3 verify.py ISSUER_URL ISSUER TOKEN"""

import json
import sys

import jwt

base, issuer, token = sys.argv[1:]
key = jwt.PyJWKClient(base + "/.well-known/jwks.json").get_signing_key_from_jwt(token)
header = jwt.get_unverified_header(token)
if header["typ"] != "at+jwt":
    sys.exit("typ is " + header["typ"])
payload = jwt.decode(
    token,
    key.key,
    algorithms=["EdDSA", "ES256", "RS256"],
    audience="hotseat",
    issuer=issuer,
    options={"require": ["exp", "sub", "client_id", "iat", "jti"]},
)
print(json.dumps({"payload": payload, "header": header}))
