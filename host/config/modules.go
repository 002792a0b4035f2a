package config

import "strings"

// Social is how the game is known to those who know its users elsewhere.
type Social struct {
	Steam struct {
		PublisherKey string `yaml:"publisher_key" modules:"yes" usage:"Steam's publisher key."`
		AppID        int    `yaml:"app_id" modules:"yes" min:"0" usage:"The game's id at Steam."`
	} `yaml:"steam"`
	FacebookInstantGame struct {
		AppSecret string `yaml:"app_secret" modules:"yes" usage:"Secret of the Facebook app, which signs who plays an instant game."`
	} `yaml:"facebook_instant_game"`
	FacebookLimitedLogin struct {
		AppID string `yaml:"app_id" modules:"yes" usage:"Facebook app that tokens of limited login must be for. Empty takes those for any."`
	} `yaml:"facebook_limited_login"`
	Apple struct {
		BundleID string `yaml:"bundle_id" modules:"yes" usage:"The game's bundle id at Apple. Several are separated by commas."`
	} `yaml:"apple"`
}

// IAP is how the game is known to the stores that sell in it.
type IAP struct {
	Apple struct {
		SharedPassword          string `yaml:"shared_password" modules:"yes" usage:"The app's shared secret at Apple, by which receipts are verified."`
		NotificationsEndpointID string `yaml:"notifications_endpoint_id" modules:"only"`
	} `yaml:"apple"`
	Google struct {
		ClientEmail             string `yaml:"client_email" modules:"yes" usage:"Email address of the Google service account by which receipts are verified."`
		PrivateKey              string `yaml:"private_key" modules:"yes" usage:"PEM of that account's private key."`
		NotificationsEndpointID string `yaml:"notifications_endpoint_id" modules:"only"`
	} `yaml:"google"`
	Huawei struct {
		PublicKey    string `yaml:"public_key" modules:"yes" usage:"Huawei's public key of the app, in base64, which receipts are signed with."`
		ClientID     string `yaml:"client_id" modules:"yes" usage:"The app's OAuth client at Huawei, by which receipts are verified."`
		ClientSecret string `yaml:"client_secret" modules:"yes" usage:"That client's secret."`
	} `yaml:"huawei"`
	FacebookInstant struct {
		AppSecret string `yaml:"app_secret" modules:"yes" usage:"Secret of the Facebook app, which signs what is bought in an instant game."`
	} `yaml:"facebook_instant"`
	Samsung struct {
		PackageName string `yaml:"package_name" modules:"yes" usage:"Package that receipts of Samsung's Galaxy Store must be for. Empty takes those for any."`
	} `yaml:"samsung"`
}

// GoogleAuth is how the game is known to Google.
type GoogleAuth struct {
	CredentialsJSON string `yaml:"credentials_json" modules:"yes" usage:"Google's OAuth client, as the JSON of its console."`
}

// Satori is what modules may know of Satori.
type Satori struct {
	URL        string `yaml:"url" modules:"only"`
	APIKeyName string `yaml:"api_key_name" modules:"only"`
	APIKey     string `yaml:"api_key" modules:"only"`
	SigningKey string `yaml:"signing_key" modules:"only"`
}

// ForModules is the configuration as nk.get_config shows it: sections are maps, and
// values are string, int64, bool or []any.
func (c Config) ForModules() map[string]any {
	root := map[string]any{}
	for _, k := range keysOf(&c) {
		if k.tag.Get("modules") == "" {
			continue
		}
		section, path := root, strings.Split(k.name, ".")
		for _, name := range path[:len(path)-1] {
			inner, ok := section[name].(map[string]any)
			if !ok {
				inner = map[string]any{}
				section[name] = inner
			}
			section = inner
		}
		section[path[len(path)-1]] = k.plain()
	}
	return root
}
