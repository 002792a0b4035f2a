package nkshim

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"nkhost/host/matchmaker"
	"nkhost/lua"
	"nkhost/lua/glua"
)

// HasMatchmakerMatched says whether a module registered the hook.
func (r *Runtime) HasMatchmakerMatched() bool {
	_, ok := r.hooks.lookup(kindMatchmakerMatched, "")
	return ok
}

// MatchmakerMatched asks the hook which match a group of players shall join. "" means
// that it named none, and that they are to meet by a token.
func (r *Runtime) MatchmakerMatched(ctx context.Context, entries []matchmaker.Entry) (matchID string, err error) {
	fn, ok := r.hooks.lookup(kindMatchmakerMatched, "")
	if !ok {
		return "", nil
	}
	err = r.invoke(ctx, "matchmaker matched", func(result glua.LValue) error {
		if result == glua.LNil {
			return nil
		}
		id, ok := result.(glua.LString)
		if !ok || !isMatchID(string(id)) {
			return fmt.Errorf("it must return a match id or nil, but returned %s", describe(result))
		}
		matchID = string(id)
		return nil
	}, fn, r.contextTable(modeMatchmaker, nil), entriesTable(entries))
	if err != nil {
		return "", fmt.Errorf("run the matchmaker matched hook: %w", err)
	}
	return matchID, nil
}

// isMatchID accepts any "<uuid>.x"; whether there is such a match shows when players
// join it.
func isMatchID(text string) bool {
	id, _, found := strings.Cut(text, ".")
	return found && uuid.Validate(id) == nil
}

func entriesTable(entries []matchmaker.Entry) *glua.LTable {
	list := newList(len(entries))
	for _, entry := range entries {
		properties := make(map[string]any, len(entry.StringProperties)+len(entry.NumericProperties))
		for key, value := range entry.StringProperties {
			properties[key] = value
		}
		for key, value := range entry.NumericProperties {
			properties[key] = value
		}
		t := newTable(3)
		p := entry.Presence
		t.SetField("presence", identityTable(p.UserID, p.SessionID, p.Username, p.Node))
		t.SetField("properties", lua.FromGo(properties))
		setText(t, "party_id", entry.PartyID)
		list.Append(t)
	}
	return list
}
