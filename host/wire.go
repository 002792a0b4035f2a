package host

import (
	"context"
	"net/http"
	"time"

	"nkhost/host/api"
	"nkhost/host/match"
	"nkhost/host/matchmaker"
	"nkhost/host/party"
	"nkhost/host/realtime"
	"nkhost/host/session"
	"nkhost/nkshim"
)

func seconds(n int) time.Duration      { return time.Duration(n) * time.Second }
func milliseconds(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// wire makes the services and connects them. What is closed first is made last.
func (h *Host) wire(context.Context) error {
	h.tokens = session.NewTokens(session.Config{
		EncryptionKey:        h.config.Session.EncryptionKey,
		RefreshEncryptionKey: h.config.Session.RefreshEncryptionKey,
		TokenExpiry:          seconds(h.config.Session.TokenExpirySec),
		RefreshTokenExpiry:   seconds(h.config.Session.RefreshTokenExpirySec),
		Single:               h.config.Session.SingleSession,
		Now:                  h.now,
		NewID:                h.options.NewID,
	})
	var err error
	if h.providers, err = h.newProviders(); err != nil {
		return err
	}
	if err := h.openRecords(); err != nil {
		return err
	}
	clients := &lateClients{kicked: h.kicked}
	registry := match.NewRegistry(h.matchConfig(), h.newMatch, clients)
	h.matches = &allMatches{Registry: registry}
	h.maker = matchmaker.New(h.matchmakerConfig(), h.matchUp)
	h.parties = party.NewRegistry(party.Options{
		Clients: partyClients{h}, Matchmaker: h.maker, Node: h.config.Name, Now: h.now,
		LabelUpdateInterval: milliseconds(h.config.Party.LabelUpdateIntervalMs),
	})
	h.shim = nkshim.New(h.modules, h.shimDeps())
	h.sockets = realtime.New(h.socketOptions())
	clients.sockets, h.matches.sockets = h.sockets, h.sockets
	h.accounts.tokens, h.accounts.sockets = h.tokens, h.sockets
	h.accounts.forgotten = h.leaderboards.Forgotten
	h.accounts.parts = map[string]exportPart{
		"objects":        {read: h.storage.Export, load: h.storage.Import},
		"notifications":  {read: h.notifications.Export},
		"friends":        {read: h.friends.Export},
		"groups":         {read: h.groups.Export},
		"wallet_ledgers": {read: h.wallets.Export},
		"messages":       {read: h.channels.Export},

		"leaderboard_records": {read: h.leaderboards.Export},
	}
	if err := h.newServer(); err != nil {
		return err
	}
	h.onClose(h.sockets.Close)
	h.onClose(h.endMatches)
	h.onClose(func(ctx context.Context) error { return await(ctx, &h.background, "a hook") })
	return nil
}

func (h *Host) apiOptions() api.Options {
	c := h.config.Socket
	return api.Options{
		Tokens:         h.tokens,
		Accounts:       h.accounts,
		Matches:        h.matches,
		Matchmaker:     h.maker,
		Parties:        h.parties,
		Runtime:        h.shim,
		Hooks:          h.shim,
		Providers:      h.providers,
		ServerKey:      c.ServerKey,
		HTTPKey:        h.config.Runtime.HTTPKey,
		MaxRequestSize: int64(c.MaxRequestSizeBytes),
		ProxyCount:     c.ProxyCount,
		Log:            h.log,
		Storage:        h.storage,
		Notifications:  h.notifications,
		Channels:       h.channels,
		Purchases:      h.purchases,
		Friends:        h.friends,
		Groups:         h.groups,
		Leaderboards:   h.leaderboards,
	}
}

func (h *Host) newMatch(ctx context.Context, module, matchID string, dispatcher match.Dispatcher) (match.Handler, error) {
	return h.shim.NewMatchHandler(ctx, module, matchID, dispatcher)
}

func (h *Host) matchConfig() match.Config {
	c := h.config.Match
	return match.Config{
		Node:                 h.config.Name,
		InputQueueSize:       c.InputQueueSize,
		CallQueueSize:        c.CallQueueSize,
		SignalQueueSize:      c.SignalQueueSize,
		JoinAttemptQueueSize: c.JoinAttemptQueueSize,
		DeferredQueueSize:    c.DeferredQueueSize,
		JoinMarkerDeadline:   milliseconds(c.JoinMarkerDeadlineMs),
		MaxEmpty:             seconds(c.MaxEmptySec),
		LabelUpdateInterval:  milliseconds(c.LabelUpdateIntervalMs),
		Now:                  h.now,
		NewID:                h.options.NewID,
		Log:                  h.log,
		Manual:               h.manual,
		Record:               h.recorder(),
		Workers:              h.matchWorkers(),
		Modules:              h.modules.Names,
		Stopped:              func(matchID string) { h.sockets.MatchEnded(matchID) },
	}
}

// matchWorkers is one for a host that must do the same each time.
func (h *Host) matchWorkers() int {
	if h.manual {
		return 1
	}
	return 0
}

func (h *Host) matchmakerConfig() matchmaker.Config {
	c := h.config.Matchmaker
	return matchmaker.Config{
		MaxTickets:   c.MaxTickets,
		Interval:     seconds(c.IntervalSec),
		MaxIntervals: c.MaxIntervals,
		RevPrecision: c.RevPrecision,
		RevThreshold: c.RevThreshold,
		Now:          h.now,
		NewID:        h.options.NewID,
		Log:          h.log,
	}
}

func (h *Host) shimDeps() nkshim.Deps {
	return nkshim.Deps{
		Log:           h.log,
		Node:          h.config.Name,
		Version:       h.version,
		Env:           h.config.Runtime.Environment(),
		Now:           h.now,
		NewID:         h.options.NewID,
		HTTP:          h.options.HTTP,
		Seed:          h.options.Seed,
		Locals:        h.options.Locals,
		Started:       h.started,
		Journal:       h.journal(),
		Files:         h.files,
		Config:        h.config.ForModules(),
		Matches:       h.matches,
		Parties:       h.parties,
		States:        h.config.Runtime.LuaMaxCount,
		CallTimeout:   milliseconds(h.config.Runtime.LuaCallTimeoutMs),
		CallMemory:    int64(h.config.Runtime.LuaCallMemoryMB) << 20,
		Accounts:      h.accounts,
		Identities:    h.accounts,
		Providers:     h.providers,
		Sessions:      h.accounts,
		Database:      h.database,
		CallStackSize: h.config.Runtime.LuaCallStackSize,
		RegistrySize:  h.config.Runtime.LuaRegistrySize,

		Storage:       h.storage,
		Wallets:       h.wallets,
		Purchases:     h.purchases,
		Notifications: h.notifications,
		Channels:      h.channels,
		Friends:       h.friends,
		Groups:        h.groups,
		Leaderboards:  h.leaderboards,
		Tournaments:   h.leaderboards,
		Streams:       lateStreams{h},
		MultiUpdater:  multiUpdater{h.accounts.Service, h.storage, h.wallets},
	}
}

func (h *Host) socketOptions() realtime.Options {
	c := h.config.Socket
	return realtime.Options{
		Tokens:               h.tokens,
		Matches:              h.matches,
		Matchmaker:           h.maker,
		Runtime:              rpcs{h.shim},
		Users:                users{h.accounts.Service},
		Channels:             h.channels,
		Parties:              h.parties,
		Hooks:                messageHooks{h.shim},
		Node:                 h.config.Name,
		ClientAddr:           func(r *http.Request) (ip, port string) { return api.ClientAddr(r, c.ProxyCount) },
		Now:                  h.now,
		NewID:                h.options.NewID,
		Log:                  h.log,
		MaxMessageSize:       int64(c.MaxMessageSizeBytes),
		ReadBufferSize:       c.ReadBufferSizeBytes,
		OutgoingQueueSize:    c.OutgoingQueueSize,
		WriteWait:            milliseconds(c.WriteWaitMs),
		PongWait:             milliseconds(c.PongWaitMs),
		PingPeriod:           milliseconds(c.PingPeriodMs),
		PingBackoffThreshold: c.PingBackoffThreshold,
		CloseAckWait:         milliseconds(c.CloseAckWaitMs),
		SingleSocket:         h.config.Session.SingleSocket,
		SingleMatch:          h.config.Session.SingleMatch,
		SingleParty:          h.config.Session.SingleParty,
	}
}
