package nkshim

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/match"
	"nkhost/lua/glua"
)

var matchFunctions = map[string]function{
	"match_create": matchCreate,
	"match_get":    matchGet,
	"match_list":   matchList,
	"match_signal": matchSignal,
}

func matchCreate(r *Runtime, c call) int {
	module := c.filledText(1, "module")
	params := map[string]any{}
	if c.any(2, "params") != glua.LNil {
		params = c.fields(2, "params")
	}
	var id string
	var err error
	ctx := c.context()
	c.wait(func() { id, err = r.deps.Matches.Create(ctx, module, params) })
	if err != nil {
		c.fail("%s", message(err))
	}
	return c.push(glua.LString(id))
}

func matchGet(r *Runtime, c call) int {
	listing, err := r.deps.Matches.Get(c.text(1, "match id"))
	if status.Code(err) == codes.NotFound {
		return c.push(glua.LNil)
	}
	if err != nil {
		c.fail("%s", message(err))
	}
	return c.push(listingTable(listing))
}

func matchList(r *Runtime, c call) int {
	query := match.ListQuery{Limit: c.optInt(1, "limit", 1)}
	if v, ok := given[glua.LBool](c, 2, "authoritative", "a boolean"); ok {
		authoritative := bool(v)
		query.Authoritative = &authoritative
	}
	if v, ok := given[glua.LString](c, 3, "label", "a string"); ok {
		label := string(v)
		query.Label = &label
	}
	if v, ok := given[glua.LNumber](c, 4, "minimum size", "a number"); ok {
		size := int(v)
		query.MinSize = &size
	}
	if v, ok := given[glua.LNumber](c, 5, "maximum size", "a number"); ok {
		size := int(v)
		query.MaxSize = &size
	}
	if v, ok := given[glua.LString](c, 6, "query", "a string"); ok {
		text := string(v)
		query.Query = &text
	}
	listings, err := r.deps.Matches.List(query)
	if err != nil {
		c.fail("%s", message(err))
	}
	list := newList(len(listings))
	for _, listing := range listings {
		list.Append(listingTable(listing))
	}
	return c.push(list)
}

func matchSignal(r *Runtime, c call) int {
	id, data := c.text(1, "match id"), c.optText(2, "data", "")
	var answer string
	var err error
	ctx := c.context()
	c.wait(func() { answer, err = r.deps.Matches.Signal(ctx, id, data) })
	if err != nil {
		c.fail("%s", message(err))
	}
	return c.push(glua.LString(answer))
}

func listingTable(listing match.Listing) *glua.LTable {
	t := newTable(6)
	t.SetField("match_id", glua.LString(listing.ID))
	t.SetField("authoritative", glua.LBool(listing.Authoritative))
	t.SetField("size", glua.LNumber(listing.Size))
	if listing.Authoritative {
		t.SetField("label", glua.LString(listing.Label))
		t.SetField("tick_rate", glua.LNumber(listing.TickRate))
		t.SetField("handler_name", glua.LString(listing.Handler))
	}
	return t
}

// message is what of an error a module gets to read.
func message(err error) string { return status.Convert(err).Message() }
