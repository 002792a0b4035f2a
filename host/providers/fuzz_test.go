package providers

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
)

// No text passes for a player's whose signature is not by the secret.
func FuzzInstantGamePlayer(f *testing.F) {
	const secret = "secret"
	good := playerInfo(secret, `{"algorithm":"HMAC-SHA256","player_id":"player-1"}`)
	for _, seed := range []string{good, good + "=", "." + good, good[:20], ".", "", playerInfo("", `{}`), strings.ToUpper(good)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, info string) {
		player, err := instantGamePlayer(info, secret)
		if err != nil {
			return
		}
		_, payload, _ := strings.Cut(info, ".")
		text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(payload, "="))
		if err != nil {
			t.Fatalf("%q was taken, but its payload is no base64", info)
		}
		if signed := playerInfo(secret, string(text)); payload == strings.Split(signed, ".")[1] && !strings.HasPrefix(info, strings.Split(signed, ".")[0]) {
			t.Errorf("%q was taken for %q", info, player)
		}
	})
}

// A key that is read can be used, and is not a weak one.
func FuzzRSAKey(f *testing.F) {
	var document struct{ Keys []struct{ N, E string } }
	if err := json.Unmarshal([]byte(keyDocument("key-1", signingKey())), &document); err != nil {
		f.Fatal(err)
	}
	f.Add(document.Keys[1].N, document.Keys[1].E)
	f.Add("", "")
	f.Add("AQAB", "AQAB")
	f.Add(document.Keys[1].N, "gAAAAA")
	f.Fuzz(func(t *testing.T, n, e string) {
		key, ok := rsaKey(n, e)
		if ok && (key.N.BitLen() < minKeyBits || key.E < 2) {
			t.Errorf("a key of %d bits and exponent %d was taken", key.N.BitLen(), key.E)
		}
	})
}
