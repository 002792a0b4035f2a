package host

import (
	"context"
	"net/http"
	"strings"
	"time"

	"nkhost/host/config"
	"nkhost/host/providers"
)

// How long a provider of identities and a store may take to answer, as on Nakama.
const (
	providerTimeout = 5 * time.Second
	storeTimeout    = 20 * time.Second
)

// newProviders makes what asks the providers, over connections of its own.
func (h *Host) newProviders() (*providers.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	h.onClose(func(context.Context) error {
		transport.CloseIdleConnections()
		return nil
	})
	return providers.New(providers.Options{
		Config:       providerConfig(h.config),
		HTTP:         &http.Client{Transport: transport, Timeout: providerTimeout},
		StoreTimeout: storeTimeout,
		Now:          h.now,
		Log:          h.log,
	})
}

func providerConfig(c config.Config) providers.Config {
	var bundles []string
	for id := range strings.SplitSeq(c.Social.Apple.BundleID, ",") {
		if id = strings.TrimSpace(id); id != "" {
			bundles = append(bundles, id)
		}
	}
	return providers.Config{
		AppleBundleIDs:            bundles,
		FacebookAppID:             c.Social.FacebookLimitedLogin.AppID,
		FacebookInstantGameSecret: c.Social.FacebookInstantGame.AppSecret,
		SteamPublisherKey:         c.Social.Steam.PublisherKey,
		SteamAppID:                c.Social.Steam.AppID,
		GoogleCredentials:         c.GoogleAuth.CredentialsJSON,
		Stores: providers.Stores{
			AppleSharedPassword:   c.IAP.Apple.SharedPassword,
			FacebookInstantSecret: c.IAP.FacebookInstant.AppSecret,
			Google:                providers.GoogleAccount{Email: c.IAP.Google.ClientEmail, PrivateKey: c.IAP.Google.PrivateKey},
			Huawei: providers.HuaweiApp{
				PublicKey: c.IAP.Huawei.PublicKey, ClientID: c.IAP.Huawei.ClientID, ClientSecret: c.IAP.Huawei.ClientSecret,
			},
			SamsungPackage: c.IAP.Samsung.PackageName,
		},
	}
}
