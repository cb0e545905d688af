// Verifies an access token as a backend would that knows RFC 9068 and the issuer's address, with a
// library that this project did not write: node verify.js ISSUER_URL ISSUER TOKEN
import { createRemoteJWKSet, jwtVerify } from 'jose'

const [, , base, issuer, token] = process.argv
const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', base))
const { payload, protectedHeader } = await jwtVerify(token, keys, {
  issuer,
  audience: 'hotseat',
  typ: 'at+jwt',
  requiredClaims: ['exp', 'sub', 'client_id', 'iat', 'jti'],
})
console.log(JSON.stringify({ payload, header: protectedHeader }))
