package providers

import (
	"cmp"
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// ApplePurchases is what was bought in Apple's App Store: by a receipt, for which the store
// is asked with a password, "" for the configured one, or by a transaction that the store
// has signed.
func (c *Client) ApplePurchases(receipt, password string) Receipt {
	password = cmp.Or(password, c.options.Stores.AppleSharedPassword)
	switch {
	case receipt == "":
		return noReceipt(codes.InvalidArgument, "Receipt cannot be empty.")
	case isJWT(receipt):
		return c.purchases("Apple", func(context.Context) ([]Purchase, error) {
			transaction, err := c.readAppleTransaction(receipt)
			if err != nil {
				return nil, err
			}
			return transaction.purchases(receipt)
		})
	case password == "":
		return noReceipt(codes.FailedPrecondition, "Apple IAP is not configured.")
	}
	return c.purchases("Apple", func(ctx context.Context) ([]Purchase, error) {
		answer, err := c.askApple(ctx, receipt, password)
		if err != nil {
			return nil, err
		}
		return answer.purchases()
	})
}

// AppleSubscriptions is ApplePurchases for subscriptions. It wants a password in any case,
// as Nakama does.
func (c *Client) AppleSubscriptions(receipt, password string) SubscriptionReceipt {
	password = cmp.Or(password, c.options.Stores.AppleSharedPassword)
	switch {
	case password == "":
		return noSubscription(codes.FailedPrecondition, "Apple IAP is not configured.")
	case receipt == "":
		return noSubscription(codes.InvalidArgument, "Receipt cannot be empty.")
	case isJWT(receipt):
		return c.subscriptions("Apple", func(context.Context) ([]Subscription, error) {
			transaction, err := c.readAppleTransaction(receipt)
			if err != nil {
				return nil, err
			}
			return transaction.subscriptions(receipt)
		})
	}
	return c.subscriptions("Apple", func(ctx context.Context) ([]Subscription, error) {
		answer, err := c.askApple(ctx, receipt, password)
		if err != nil {
			return nil, err
		}
		return answer.subscriptions()
	})
}

func errIsSubscription() error {
	return status.Error(codes.FailedPrecondition, "Subscription Receipt. Use the appropriate function instead.")
}

func errIsPurchase() error {
	return status.Error(codes.FailedPrecondition, "Purchase Receipt. Use the appropriate function instead.")
}

// checkBundle refuses what was bought in another app.
func (c *Client) checkBundle(id string) error {
	if len(c.options.AppleBundleIDs) > 0 && !c.isBundle(id) {
		return errInvalid("Bundle ID", id)
	}
	return nil
}

// appleItem is something bought, as the answer to verifyReceipt lists it. Times are Unix
// milliseconds.
type appleItem struct {
	ProductID             string `json:"product_id"`
	TransactionID         string `json:"transaction_id"`
	OriginalTransactionID string `json:"original_transaction_id"`
	PurchaseDate          millis `json:"purchase_date_ms"`
	OriginalPurchaseDate  millis `json:"original_purchase_date_ms"`
	ExpiresDate           millis `json:"expires_date_ms"` // of subscriptions only
	CancellationDate      millis `json:"cancellation_date_ms"`
}

// millis are Unix milliseconds, which stores write as text or as a number; 0 if there are
// none.
type millis int64

// UnmarshalJSON reads 1, "1" and "".
func (m *millis) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) != nil {
		text = string(data)
	}
	if text == "" || text == "null" {
		return nil
	}
	value, err := strconv.ParseInt(text, 10, 64)
	*m = millis(value)
	return err
}

func (m millis) time() time.Time { return time.UnixMilli(int64(m)) }

// timeOrZero is the zero time if there is none.
func (m millis) timeOrZero() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return m.time()
}

// appleAnswer is the answer to verifyReceipt.
type appleAnswer struct {
	Status      int    `json:"status"`
	Environment string `json:"environment"`
	IsRetryable truth  `json:"is-retryable"`
	Receipt     struct {
		BundleID string      `json:"bundle_id"`
		InApp    []appleItem `json:"in_app"`
	} `json:"receipt"`
	LatestReceiptInfo []appleItem `json:"latest_receipt_info"`

	text string // as a whole
}

// The statuses of appleAnswer that mean something here.
const (
	appleValid   = 0
	appleSandbox = 21007 // the receipt is the sandbox's
)

// askApple asks for a receipt in production and, if it is from there, in the sandbox.
func (c *Client) askApple(ctx context.Context, receipt, password string) (*appleAnswer, error) {
	answer, err := c.verifyReceipt(ctx, "https://buy.itunes.apple.com/verifyReceipt", receipt, password)
	if err == nil && answer.Status == appleSandbox {
		answer, err = c.verifyReceipt(ctx, "https://sandbox.itunes.apple.com/verifyReceipt", receipt, password)
	}
	switch {
	case err != nil:
		return nil, err
	case answer.Status != appleValid && bool(answer.IsRetryable):
		return nil, errUnavailable("Apple")
	case answer.Status != appleValid:
		return nil, errInvalid("Status", answer.Status)
	}
	return answer, c.checkBundle(answer.Receipt.BundleID)
}

func (c *Client) verifyReceipt(ctx context.Context, address, receipt, password string) (*appleAnswer, error) {
	request, err := newJSONRequest(ctx, address, map[string]any{
		"receipt-data": receipt, "password": password, "exclude-old-transactions": true,
	})
	if err != nil {
		return nil, err
	}
	body, err := ask(c.stores, request)
	if err != nil {
		return nil, err
	}
	answer := &appleAnswer{text: string(body)}
	if err := json.Unmarshal(body, answer); err != nil {
		return nil, fmt.Errorf("read Apple's answer: %w", err)
	}
	return answer, nil
}

func (a *appleAnswer) environment() api.StoreEnvironment {
	return environment(a.Environment == "Sandbox")
}

// purchases are those of all items that are no subscriptions, each once. Some are only
// among the latest.
func (a *appleAnswer) purchases() ([]Purchase, error) {
	items := slices.Concat(a.Receipt.InApp, a.LatestReceiptInfo)
	found, seen := make([]Purchase, 0, len(items)), map[string]bool{}
	for _, item := range items {
		if item.ExpiresDate != 0 || seen[item.TransactionID] {
			continue
		}
		seen[item.TransactionID] = true
		found = append(found, Purchase{
			Store: api.StoreProvider_APPLE_APP_STORE, Environment: a.environment(),
			ProductID: item.ProductID, TransactionID: item.TransactionID,
			PurchaseTime: item.PurchaseDate.time(), RefundTime: item.CancellationDate.timeOrZero(),
			Response: a.text, Evidence: a.text,
		})
	}
	if len(found) == 0 && len(items) > 0 {
		return nil, errIsSubscription()
	}
	return found, nil
}

func (a *appleAnswer) subscriptions() ([]Subscription, error) {
	var found []Subscription
	for _, item := range a.LatestReceiptInfo {
		if item.ExpiresDate == 0 {
			continue
		}
		found = append(found, Subscription{
			Store: api.StoreProvider_APPLE_APP_STORE, Environment: a.environment(),
			ProductID: item.ProductID, OriginalTransactionID: item.OriginalTransactionID,
			PurchaseTime: item.OriginalPurchaseDate.time(), ExpiryTime: item.ExpiresDate.time(),
			RefundTime: item.CancellationDate.timeOrZero(), Response: a.text, Evidence: a.text,
		})
	}
	if len(found) == 0 {
		return nil, errIsPurchase()
	}
	slices.SortStableFunc(found, func(one, other Subscription) int { return other.ExpiryTime.Compare(one.ExpiryTime) })
	return found, nil
}

// appleTransaction is the payload of a transaction that Apple has signed (StoreKit 2).
type appleTransaction struct {
	jwt.RegisteredClaims

	BundleID              string `json:"bundleId"`
	ProductID             string `json:"productId"`
	TransactionID         string `json:"transactionId"`
	OriginalTransactionID string `json:"originalTransactionId"`
	Environment           string `json:"environment"`
	PurchaseDate          millis `json:"purchaseDate"`
	OriginalPurchaseDate  millis `json:"originalPurchaseDate"`
	ExpiresDate           millis `json:"expiresDate"` // of subscriptions only
	RevocationDate        millis `json:"revocationDate"`
}

// readAppleTransaction checks the signature of a transaction, and that it is of the game.
func (c *Client) readAppleTransaction(signed string) (*appleTransaction, error) {
	transaction := &appleTransaction{}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodES256.Alg()}), jwt.WithoutClaimsValidation())
	if _, err := parser.ParseWithClaims(signed, transaction, func(t *jwt.Token) (any, error) {
		return c.appleSigner(t.Header["x5c"])
	}); err != nil {
		return nil, fmt.Errorf("%w (%w)", status.Error(codes.Unknown, "invalid jws signature"), err)
	}
	return transaction, c.checkBundle(transaction.BundleID)
}

func (t *appleTransaction) environment() api.StoreEnvironment {
	return environment(t.Environment == "Sandbox")
}

func (t *appleTransaction) purchases(signed string) ([]Purchase, error) {
	if t.ExpiresDate != 0 {
		return nil, errIsSubscription()
	}
	return []Purchase{{
		Store: api.StoreProvider_APPLE_APP_STORE, Environment: t.environment(),
		ProductID: t.ProductID, TransactionID: t.TransactionID,
		PurchaseTime: t.PurchaseDate.time(), RefundTime: t.RevocationDate.time(), Evidence: signedEvidence(signed),
	}}, nil
}

func (t *appleTransaction) subscriptions(signed string) ([]Subscription, error) {
	if t.ExpiresDate == 0 {
		return nil, errIsPurchase()
	}
	return []Subscription{{
		Store: api.StoreProvider_APPLE_APP_STORE, Environment: t.environment(),
		ProductID: t.ProductID, OriginalTransactionID: t.OriginalTransactionID,
		PurchaseTime: t.OriginalPurchaseDate.time(), ExpiryTime: t.ExpiresDate.time(), RefundTime: t.RevocationDate.time(),
		Evidence: signedEvidence(signed),
	}}, nil
}

func signedEvidence(signed string) string {
	text, _ := json.Marshal(map[string]string{"jws": signed}) // which has JSON
	return string(text)
}

//go:embed apple_root_ca_g3.pem
var appleRootCAG3 []byte

// appleRoots are the given roots, or Apple's own.
func appleRoots(given *x509.CertPool) (*x509.CertPool, error) {
	if given != nil {
		return given, nil
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(appleRootCAG3) {
		return nil, errors.New("the certificate of Apple's root cannot be read")
	}
	return roots, nil
}

// Apple marks the certificates that sign receipts, and their issuer's, by extensions.
// Without them a certificate that Apple gives to developers would do as well.
var (
	appleReceiptSigner   = asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 6, 11, 1}
	appleDeveloperIssuer = asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 6, 2, 1}
)

// appleSigner returns the key of the first of a header's certificates, if it is one for
// receipts and the others lead from it to Apple's root.
func (c *Client) appleSigner(header any) (any, error) {
	list, _ := header.([]any)
	if len(list) < 3 {
		return nil, errors.New("the header has no chain of certificates")
	}
	var chain [2]*x509.Certificate
	for i := range chain {
		text, _ := list[i].(string)
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("read a certificate: %w", err)
		}
		if chain[i], err = x509.ParseCertificate(der); err != nil {
			return nil, fmt.Errorf("read a certificate: %w", err)
		}
	}
	intermediates := x509.NewCertPool()
	intermediates.AddCert(chain[1])
	if _, err := chain[0].Verify(x509.VerifyOptions{
		Roots: c.appleRoots, Intermediates: intermediates, CurrentTime: c.options.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	}); err != nil {
		return nil, err
	}
	if !hasExtension(chain[0], appleReceiptSigner) || !hasExtension(chain[1], appleDeveloperIssuer) {
		return nil, errors.New("the certificate is not one for receipts")
	}
	return chain[0].PublicKey, nil
}

func hasExtension(certificate *x509.Certificate, id asn1.ObjectIdentifier) bool {
	return slices.ContainsFunc(certificate.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(id) })
}
