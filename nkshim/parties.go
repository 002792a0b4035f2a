package nkshim

import (
	"github.com/heroiclabs/nakama-common/api"

	"nkhost/host/party"
	"nkhost/lua/glua"
)

// Parties lists parties. See party.Registry.
type Parties interface {
	List(query party.ListQuery) (parties []*api.Party, cursor string, err error)
}

var partyFunctions = map[string]function{
	"party_list": partyList,
}

func partyList(r *Runtime, c call) int {
	query := party.ListQuery{Limit: c.limitWithin(1, 10, 100)}
	if v, ok := given[glua.LBool](c, 2, "open", "a boolean"); ok {
		open := bool(v)
		query.Open = &open
	}
	hidden, ok := c.L.Get(3).(glua.LBool)
	if !ok {
		c.refuse(3, "show hidden", "a boolean")
	}
	query.Hidden = bool(hidden)
	query.Query, query.Cursor = c.optText(4, "query", ""), c.optText(5, "cursor", "")
	parties, cursor, err := r.deps.Parties.List(query)
	if err != nil {
		c.fail("%s", message(err))
	}
	list := newList(len(parties))
	for _, p := range parties {
		// The names are Nakama's.
		t := newTable(4)
		t.SetField("match_id", glua.LString(p.PartyId))
		t.SetField("open", glua.LBool(p.Open))
		t.SetField("maxSize", glua.LNumber(p.MaxSize))
		t.SetField("label", glua.LString(p.Label))
		list.Append(t)
	}
	c.push(list)
	c.push(textOrNil(cursor))
	return 2
}
