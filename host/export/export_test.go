package export

import (
	"encoding/json"
	"testing"

	"github.com/heroiclabs/nakama-common/api"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func TestList(t *testing.T) {
	t.Parallel()
	var list List
	if text, err := list.JSON(); err != nil || text != nil {
		t.Errorf("an empty list is %s, %v", text, err)
	}
	friend := &api.Friend{User: &api.User{DisplayName: "Alice"}, State: wrapperspb.Int32(1)}
	for range 2 {
		if err := list.Add(friend); err != nil {
			t.Fatal(err)
		}
	}
	text, err := list.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var read []struct {
		User  map[string]string
		State int
	}
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	if len(read) != 2 || read[1].User["display_name"] != "Alice" || read[1].State != 1 {
		t.Errorf("the list is %s", text)
	}
}

func TestListRefusesWhatIsNotUTF8(t *testing.T) {
	t.Parallel()
	var list List
	if list.Add(&api.User{Username: "\xff"}) == nil {
		t.Error("it takes a text that is not UTF-8")
	}
	if text, err := list.JSON(); err != nil || text != nil {
		t.Errorf("it is in the list: %s, %v", text, err)
	}
}
