package providers

import (
	"cmp"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// FacebookInstantPurchase is what was bought in an instant game, by what Facebook has
// signed of it.
func (c *Client) FacebookInstantPurchase(signedRequest string) Receipt {
	secret := c.options.Stores.FacebookInstantSecret
	switch {
	case secret == "":
		return noReceipt(codes.FailedPrecondition, "Facebook Instant IAP is not configured.")
	case signedRequest == "":
		return noReceipt(codes.InvalidArgument, "SignedRequest cannot be empty.")
	}
	return c.purchases("Facebook Instant", func(context.Context) ([]Purchase, error) {
		payload, err := readSigned(signedRequest, secret)
		if err != nil {
			return nil, fmt.Errorf("%w (%w)", status.Error(codes.Unknown, "signedRequest verification failed"), err)
		}
		var payment struct {
			ProductID     string  `json:"product_id"`
			PurchaseToken string  `json:"purchase_token"`
			PurchaseTime  float64 `json:"purchase_time"` // Unix seconds
		}
		if err := json.Unmarshal(payload, &payment); err != nil {
			return nil, errMalformed()
		}
		return []Purchase{{
			Store: api.StoreProvider_FACEBOOK_INSTANT_STORE, Environment: api.StoreEnvironment_PRODUCTION,
			ProductID: payment.ProductID, TransactionID: payment.PurchaseToken,
			PurchaseTime: time.Unix(int64(payment.PurchaseTime), 0), Response: string(payload), Evidence: string(payload),
		}}, nil
	})
}

// SamsungPurchase is what was bought in Samsung's Galaxy Store, by the purchase's id.
func (c *Client) SamsungPurchase(purchaseID string) Receipt {
	if purchaseID == "" {
		return noReceipt(codes.InvalidArgument, "Purchase ID cannot be empty.")
	}
	return c.purchases("Samsung", func(ctx context.Context) ([]Purchase, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet,
			"https://iap.samsungapps.com/iap/v6/receipt?"+url.Values{"purchaseID": {purchaseID}}.Encode(), nil)
		if err != nil {
			return nil, withoutURL(err)
		}
		body, err := ask(c.stores, request)
		if err != nil {
			return nil, err
		}
		var answer samsungAnswer
		if err := json.Unmarshal(body, &answer); err != nil {
			return nil, fmt.Errorf("read Samsung's answer: %w", err)
		}
		if err := answer.check(c.options.Stores.SamsungPackage); err != nil {
			return nil, err
		}
		// One that cannot be read is the zero time, as on Nakama.
		bought, _ := time.ParseInLocation(time.DateTime, answer.PurchaseDate, time.UTC)
		return []Purchase{{
			Store: api.StoreProvider_SAMSUNG_GALAXY_STORE, Environment: environment(answer.Mode == "TEST"),
			ProductID: answer.ItemID, TransactionID: purchaseID, PurchaseTime: bought, Response: string(body), Evidence: string(body),
		}}, nil
	})
}

type samsungAnswer struct {
	Status       string `json:"status"`
	Mode         string `json:"mode"`
	PackageName  string `json:"packageName"`
	ItemID       string `json:"itemId"`
	PurchaseDate string `json:"purchaseDate"` // UTC
	ErrorCode    int    `json:"errorCode"`
	ErrorMessage string `json:"errorMessage"`
}

func (a samsungAnswer) check(packageName string) error {
	switch {
	case a.Status != "success":
		return status.Errorf(codes.Unknown, "Samsung IAP: purchase validation failed: %s (errorCode=%d)", cmp.Or(a.ErrorMessage, a.Status), a.ErrorCode)
	case packageName != "" && a.PackageName != "" && a.PackageName != packageName:
		return status.Errorf(codes.Unknown, "Samsung IAP: package name mismatch (expected %s, got %s)", packageName, a.PackageName)
	case a.ItemID == "":
		return status.Error(codes.Unknown, "Samsung IAP response missing itemId")
	}
	return nil
}

// HuaweiApp is how the game is known to Huawei.
type HuaweiApp struct {
	PublicKey    string // base64 of the DER, with which receipts are checked
	ClientID     string
	ClientSecret string
}

// huaweiPurchase is what Huawei says of a purchase, to the client and to the game.
type huaweiPurchase struct {
	ProductID     string `json:"productId"`
	PurchaseToken string `json:"purchaseToken"`
	PurchaseState int    `json:"purchaseState"` // 0 is bought
	PurchaseTime  millis `json:"purchaseTime"`
	PurchaseType  *int   `json:"purchaseType"` // missing in production; 0 is the sandbox
	AccountFlag   int    `json:"accountFlag"`  // 1 for accounts of AppTouch
}

// HuaweiPurchase is what was bought in Huawei's AppGallery: a receipt, and its signature in
// base64.
func (c *Client) HuaweiPurchase(receipt, signature string) Receipt {
	app := c.options.Stores.Huawei
	switch {
	case app.PublicKey == "" || app.ClientID == "" || app.ClientSecret == "":
		return noReceipt(codes.FailedPrecondition, "Huawei IAP is not configured.")
	case receipt == "":
		return noReceipt(codes.InvalidArgument, "Purchase cannot be empty.")
	case signature == "":
		return noReceipt(codes.InvalidArgument, "Signature cannot be empty.")
	}
	return c.purchases("Huawei", func(ctx context.Context) ([]Purchase, error) {
		var shown huaweiPurchase
		if err := json.Unmarshal([]byte(receipt), &shown); err != nil {
			return nil, errMalformed()
		}
		if err := app.checkSignature(receipt, signature); err != nil {
			return nil, fmt.Errorf("%w (%w)", status.Error(codes.Unknown, "inAppPurchaseData invalid signature"), err)
		}
		bought, text, err := c.askHuawei(ctx, app, shown)
		if err != nil {
			return nil, err
		}
		return []Purchase{{
			Store: api.StoreProvider_HUAWEI_APP_GALLERY, Environment: environment(shown.PurchaseType != nil && *shown.PurchaseType == 0),
			ProductID: bought.ProductID, TransactionID: bought.PurchaseToken,
			PurchaseTime: shown.PurchaseTime.time(), Response: text, Evidence: text,
		}}, nil
	})
}

func (a HuaweiApp) checkSignature(receipt, signature string) error {
	der, err := base64.StdEncoding.DecodeString(a.PublicKey)
	if err != nil {
		return fmt.Errorf("read iap.huawei.public_key: %w", err)
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return fmt.Errorf("read iap.huawei.public_key: %w", err)
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return errors.New("iap.huawei.public_key is no RSA key")
	}
	mac, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return fmt.Errorf("read the signature: %w", err)
	}
	sum := sha256.Sum256([]byte(receipt))
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], mac)
}

// askHuawei asks what a purchase is, and returns the answer's text, too.
func (c *Client) askHuawei(ctx context.Context, app HuaweiApp, shown huaweiPurchase) (huaweiPurchase, string, error) {
	token, err := c.storeTokens.get(ctx, c.options.Now(), app, func(ctx context.Context) (given grant, err error) {
		err = postForm(ctx, c.stores, "https://oauth-login.cloud.huawei.com/oauth2/v3/token", url.Values{
			"grant_type": {"client_credentials"}, "client_id": {app.ClientID}, "client_secret": {app.ClientSecret},
		}, &given)
		return given, err
	})
	if err != nil {
		return huaweiPurchase{}, "", err
	}
	host := "orders-dre.iap.hicloud.com"
	if shown.AccountFlag == 1 {
		host = "orders-at-dre.iap.dbankcloud.com"
	}
	request, err := newJSONRequest(ctx, "https://"+host+"/applications/purchases/tokens/verify", map[string]string{
		"purchaseToken": shown.PurchaseToken, "productId": shown.ProductID,
	})
	if err != nil {
		return huaweiPurchase{}, "", err
	}
	request.SetBasicAuth("APPAT", token)
	body, err := ask(c.stores, request)
	if err != nil {
		return huaweiPurchase{}, "", err
	}
	bought, err := readHuaweiAnswer(body)
	return bought, string(body), err
}

// readHuaweiAnswer reads an answer whose purchase is JSON in a text.
func readHuaweiAnswer(body []byte) (bought huaweiPurchase, err error) {
	var answer struct {
		ResponseCode string `json:"responseCode"`
		Purchase     string `json:"purchaseTokenData"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return bought, fmt.Errorf("read Huawei's answer: %w", err)
	}
	if answer.ResponseCode != "0" {
		return bought, errInvalid("Code", answer.ResponseCode)
	}
	if err := json.Unmarshal([]byte(answer.Purchase), &bought); err != nil {
		return bought, fmt.Errorf("read the purchase in Huawei's answer: %w", err)
	}
	if bought.PurchaseState != 0 {
		return bought, errInvalid("State", bought.PurchaseState)
	}
	return bought, nil
}
