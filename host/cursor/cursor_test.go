package cursor

import (
	"net/url"
	"testing"
)

type place struct {
	Name  string `json:"n"`
	Time  int64  `json:"t"`
	Whole bool   `json:"w"`
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, want := range []place{{}, {"a?/+ü", -1 << 63, true}, {Name: "\x00\"", Time: 1<<63 - 1}} {
		text := Encode(want)
		if url.QueryEscape(text) != text {
			t.Errorf("%q changes in a URL", text)
		}
		var got place
		if err := Decode(text, &got); err != nil || got != want {
			t.Errorf("%+v became %+v, %v", want, got, err)
		}
	}
}

func TestFirstPage(t *testing.T) {
	t.Parallel()
	got := place{Time: 7}
	if err := Decode("", &got); err != nil || got != (place{Time: 7}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, text := range []string{"!", "garbage", "bm90IEpTT04", Encode("a text"), Encode(place{Name: "a"}) + "=", Encode(place{Name: "a"})} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var got, again place
		if Decode(text, &got) != nil {
			return
		}
		if err := Decode(Encode(got), &again); err != nil || again != got {
			t.Errorf("%q is %+v and then %+v, %v", text, got, again, err)
		}
	})
}

func TestNoCursor(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"!", "garbage", "bm90IEpTT04", Encode("a text"), Encode(place{}) + "="} {
		if err := Decode(text, &place{}); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}
