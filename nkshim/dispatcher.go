package nkshim

import (
	"strings"

	"github.com/google/uuid"

	"nkhost/host/match"
	"nkhost/lua/glua"
)

// dispatcherFunctions are the fields of the second argument of match callbacks.
var dispatcherFunctions = map[string]func(h *matchHandler, c call) int{
	"broadcast_message":          broadcastMessage,
	"broadcast_message_deferred": broadcastMessageDeferred,
	"match_kick":                 matchKick,
	"match_label_update":         matchLabelUpdate,
}

// dispatcherName is the dispatcher's among the tables of the Lua runtime.
const dispatcherName = "dispatcher"

// newDispatcher makes the Lua functions that the dispatchers of all matches share: which
// match one is about follows from whose callback runs.
func newDispatcher() map[string]glua.LGFunction {
	shared := map[string]glua.LGFunction{}
	for name, fn := range dispatcherFunctions {
		shared[name] = func(L *glua.LState) int {
			c := call{L: L, name: "dispatcher." + name}
			h := handlerOf(c.context())
			if h == nil {
				c.fail("it can only be called while a match callback runs")
			}
			return fn(h, c)
		}
	}
	return shared
}

func broadcastMessage(h *matchHandler, c call) int {
	if message, ok := broadcast(c); ok {
		c.check(h.match.Broadcast(message))
	}
	return 0
}

func broadcastMessageDeferred(h *matchHandler, c call) int {
	if message, ok := broadcast(c); ok {
		c.check(h.match.BroadcastDeferred(message))
	}
	return 0
}

// broadcast reads op code, data, presences, sender and reliable. It is not ok when
// the presences are an empty list, which reaches nobody.
func broadcast(c call) (message match.Broadcast, ok bool) {
	message.OpCode = int64(c.number(1, "op code"))
	if v := c.L.Get(2); v != glua.LNil {
		data, isText := v.(glua.LString)
		if !isText {
			c.refuse(2, "data", "a string or nil")
		}
		message.Data = []byte(data)
	}
	if c.L.Get(3) != glua.LNil {
		message.To = presences(c, 3, "presences", needUser|needSession|needNode)
		if len(message.To) == 0 {
			return message, false
		}
	}
	if c.L.Get(4) != glua.LNil {
		sender := presence(c, 4, "sender", c.table(4, "sender"), needUser|needSession|needUsername)
		message.Sender = &sender
	}
	message.Reliable = c.optBool(5, "reliable", true)
	return message, true
}

func matchKick(h *matchHandler, c call) int {
	if c.L.Get(1) == glua.LNil {
		return 0
	}
	if kicked := presences(c, 1, "presences", needUser|needSession|needNode); len(kicked) > 0 {
		c.check(h.match.Kick(kicked))
	}
	return 0
}

func matchLabelUpdate(h *matchHandler, c call) int {
	label := c.optText(1, "label", "")
	c.check(h.match.UpdateLabel(label))
	h.context.SetField("match_label", glua.LString(label))
	return 0
}

// check raises what the match refuses.
func (c call) check(err error) {
	if err != nil {
		c.fail("%s", message(err))
	}
}

// need says which fields a presence must have.
type need int

const (
	needUser need = 1 << iota
	needSession
	needNode
	needUsername
)

// presences reads a list of presence tables.
func presences(c call, n int, what string, needs need) []match.Presence {
	list := c.table(n, what)
	read := make([]match.Presence, 0, list.Len())
	list.ForEach(func(_, item glua.LValue) {
		t, ok := item.(*glua.LTable)
		if !ok {
			c.fail("argument %d (%s) must hold presences only, but holds %s", n, what, describe(item))
		}
		read = append(read, presence(c, n, what, t, needs))
	})
	return read
}

func presence(c call, n int, what string, t *glua.LTable, needs need) match.Presence {
	p := match.Presence{
		UserID:    presenceField(t, "user_id"),
		SessionID: presenceField(t, "session_id"),
		Node:      presenceField(t, "node"),
		Username:  presenceField(t, "username"),
	}
	var lacks []string
	for _, field := range []struct {
		need need
		name string
		ok   bool
	}{
		{needUser, "user_id", uuid.Validate(p.UserID) == nil},
		{needSession, "session_id", uuid.Validate(p.SessionID) == nil},
		{needNode, "node", p.Node != ""},
		{needUsername, "username", p.Username != ""},
	} {
		if needs&field.need != 0 && !field.ok {
			lacks = append(lacks, field.name)
		}
	}
	if len(lacks) > 0 {
		c.fail("argument %d (%s): a presence lacks a valid %s", n, what, strings.Join(lacks, ", "))
	}
	return p
}

func presenceField(t *glua.LTable, name string) string {
	text, _ := t.RawGetString(name).(glua.LString)
	return string(text)
}
