package relay

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"
)

// Signature is the extension attribute `signature` of a CloudEvent that two hubs trust: HMAC-SHA256 of
// every attribute and the data, each with its length before it, so that nothing can move from one to
// the other.
func Signature(secret []byte, id, source, typ, subject, time string, data []byte) string {
	mac := hmac.New(sha256.New, secret)
	for _, part := range []string{"hotseat event v1", id, source, typ, subject, time} {
		writePart(mac, []byte(part))
	}
	writePart(mac, data)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func writePart(mac hash.Hash, part []byte) {
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(part)))
	mac.Write(length[:])
	mac.Write(part)
}
