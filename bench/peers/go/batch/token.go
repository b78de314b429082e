package batch

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"log"
	"math/big"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Tokens checks access tokens; a verified one is kept until it expires.
type Tokens struct {
	keys     map[string]*rsa.PublicKey
	parser   *jwt.Parser
	verified sync.Map
}

// NewTokens fetches the key set of ISSUER.
func NewTokens() *Tokens {
	answer, err := http.Get(os.Getenv("ISSUER") + "/protocol/openid-connect/certs")
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	var set struct {
		Keys []struct{ Kid, N, E string }
	}
	if err := json.NewDecoder(answer.Body).Decode(&set); err != nil {
		log.Fatal(err)
	}
	keys := map[string]*rsa.PublicKey{}
	for _, key := range set.Keys {
		keys[key.Kid] = &rsa.PublicKey{N: number(key.N), E: int(number(key.E).Int64())}
	}
	return &Tokens{keys: keys, parser: jwt.NewParser(
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(os.Getenv("ISSUER")),
		jwt.WithAudience(os.Getenv("AUDIENCE")), jwt.WithExpirationRequired(),
	)}
}

// Valid tells whether an Authorization value carries a good token.
func (t *Tokens) Valid(authorization string) bool {
	text, isBearer := strings.CutPrefix(authorization, "Bearer ")
	if !isBearer {
		return false
	}
	if until, found := t.verified.Load(text); found {
		return time.Now().Before(until.(time.Time))
	}
	token, err := t.parser.Parse(text, func(token *jwt.Token) (any, error) {
		kid, _ := token.Header["kid"].(string)
		if key, known := t.keys[kid]; known {
			return key, nil
		}
		return nil, jwt.ErrTokenUnverifiable
	})
	if err != nil {
		return false
	}
	until, _ := token.Claims.GetExpirationTime()
	t.verified.Store(strings.Clone(text), until.Time)
	return true
}

func number(text string) *big.Int {
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		log.Fatal(err)
	}
	return new(big.Int).SetBytes(data)
}

// Headers are the headers that all calls of one batch share.
type Headers struct{ RequestID, Traceparent string }

// NewHeaders makes a request id and a trace of its own.
func NewHeaders() Headers {
	id, trace := randomHex(), randomHex()
	return Headers{id, "00-" + trace + "-" + id[:16] + "-00"}
}

func randomHex() string {
	var data [16]byte
	_, _ = rand.Read(data[:])
	return hex.EncodeToString(data[:])
}
