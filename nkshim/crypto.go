package nkshim

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/crypto/bcrypt"

	"nkhost/lua/glua"
)

// bcryptCost is Nakama's cost for nk.bcrypt_hash: a third of a second or more.
const bcryptCost = 13

// maxBcryptCost is the highest cost of a hash that nk.bcrypt_compare takes: some seconds.
const maxBcryptCost = 16

var cryptoFunctions = map[string]function{
	"aes128_decrypt":      aesDecrypt(16),
	"aes128_encrypt":      aesEncrypt(16),
	"aes256_decrypt":      aesDecrypt(32),
	"aes256_encrypt":      aesEncrypt(32),
	"bcrypt_compare":      bcryptCompare,
	"bcrypt_hash":         bcryptHash,
	"hmac_sha256_hash":    hmacSHA256Hash,
	"jwt_generate":        jwtGenerate,
	"md5_hash":            md5Hash,
	"rsa_sha256_hash":     rsaSHA256Hash,
	"secure_random_bytes": secureRandomBytes,
	"sha256_hash":         sha256Hash,
}

// aesEncrypt gives a random block followed by the input in CFB mode. Nakama pads the
// input with spaces to a multiple of four bytes, and so does this.
func aesEncrypt(keySize int) function {
	return func(_ *Runtime, c call) int {
		input := c.filledText(1, "input")
		block := c.cipher(2, keySize)
		input += strings.Repeat(" ", -len(input)&3)
		out := make([]byte, aes.BlockSize+len(input))
		rand.Read(out[:aes.BlockSize]) // never fails
		//lint:ignore SA1019 the format is Nakama's
		cipher.NewCFBEncrypter(block, out[:aes.BlockSize]).XORKeyStream(out[aes.BlockSize:], []byte(input))
		return c.push(glua.LString(out))
	}
}

func aesDecrypt(keySize int) function {
	return func(_ *Runtime, c call) int {
		input := []byte(c.filledText(1, "input"))
		block := c.cipher(2, keySize)
		if len(input) < aes.BlockSize {
			c.refuse(1, "input", "at least 16 bytes, as the encrypting function gives them")
		}
		out := make([]byte, len(input)-aes.BlockSize)
		//lint:ignore SA1019 the format is Nakama's
		cipher.NewCFBDecrypter(block, input[:aes.BlockSize]).XORKeyStream(out, input[aes.BlockSize:])
		return c.push(glua.LString(out))
	}
}

func (c call) cipher(n, keySize int) cipher.Block {
	key := c.text(n, "key")
	if len(key) != keySize {
		c.fail("argument %d (key) must be %d bytes long, but is %d", n, keySize, len(key))
	}
	block, err := aes.NewCipher([]byte(key))
	if err != nil {
		c.fail("%v", err)
	}
	return block
}

func md5Hash(_ *Runtime, c call) int {
	sum := md5.Sum([]byte(c.filledText(1, "input")))
	return c.push(glua.LString(hex.EncodeToString(sum[:])))
}

func sha256Hash(_ *Runtime, c call) int {
	sum := sha256.Sum256([]byte(c.filledText(1, "input")))
	return c.push(glua.LString(hex.EncodeToString(sum[:])))
}

// hmacSHA256Hash gives raw bytes, where the other hashes give hexadecimal text.
func hmacSHA256Hash(_ *Runtime, c call) int {
	input, key := c.filledText(1, "input"), c.filledText(2, "key")
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(input))
	return c.push(glua.LString(mac.Sum(nil)))
}

func rsaSHA256Hash(_ *Runtime, c call) int {
	input, key := c.filledText(1, "input"), c.filledText(2, "key")
	private, err := x509.ParsePKCS1PrivateKey(c.pemBlock(key))
	if err != nil {
		c.fail("argument 2 (key) is not an RSA private key in PKCS #1: %v", err)
	}
	sum := sha256.Sum256([]byte(input))
	signature, err := rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, sum[:])
	if err != nil {
		c.fail("sign the input: %v", err)
	}
	return c.push(glua.LString(signature))
}

// pemBlock is what a PEM text holds.
func (c call) pemBlock(text string) []byte {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		c.fail("argument 2 (key) holds no PEM block (-----BEGIN …-----)")
	}
	return block.Bytes
}

func bcryptHash(_ *Runtime, c call) int {
	input := []byte(c.filledText(1, "input"))
	var hash []byte
	var err error
	c.wait(func() { hash, err = bcrypt.GenerateFromPassword(input, bcryptCost) })
	if err != nil {
		c.fail("%v", err)
	}
	return c.push(glua.LString(hash))
}

func bcryptCompare(_ *Runtime, c call) int {
	hash, plain := []byte(c.filledText(1, "hash")), []byte(c.filledText(2, "plain text"))
	if cost, err := bcrypt.Cost(hash); err == nil && cost > maxBcryptCost {
		c.fail("argument 1 (hash) has the cost %d, which would take hours; %d is the most", cost, maxBcryptCost)
	}
	var err error
	c.wait(func() { err = bcrypt.CompareHashAndPassword(hash, plain) })
	if err != nil && !errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) && !errors.Is(err, bcrypt.ErrHashTooShort) {
		c.fail("%v", err)
	}
	return c.push(glua.LBool(err == nil))
}

func jwtGenerate(_ *Runtime, c call) int {
	method, key := c.text(1, "signing method"), c.filledText(2, "signing key")
	claims := c.fields(3, "claims")
	var token string
	var err error
	switch method {
	case "HS256":
		token, err = jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims(claims)).SignedString([]byte(key))
	case "RS256":
		token, err = signRS256(c.pemBlock(key), claims)
	default:
		c.fail("argument 1 (signing method) must be HS256 or RS256, got %q", method)
	}
	if err != nil {
		c.fail("sign the token: %v", err)
	}
	return c.push(glua.LString(token))
}

func signRS256(pkcs8 []byte, claims map[string]any) (string, error) {
	key, err := x509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil {
		return "", fmt.Errorf("the key is not a private key in PKCS #8: %w", err)
	}
	return jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims(claims)).SignedString(key)
}

func secureRandomBytes(_ *Runtime, c call) int {
	count := int(c.number(1, "count"))
	if count < 1 || count > 1000 {
		c.fail("argument 1 (count) must be from 1 to 1000, got %d", count)
	}
	bytes := make([]byte, count)
	rand.Read(bytes) // never fails
	return c.push(glua.LString(bytes))
}
