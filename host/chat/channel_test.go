package chat

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for id, wanted := range map[string]string{
		"2...room":                                "room room",
		"2...dots.in.it":                          "room dots.in.it",
		"2..." + strings.Repeat("x", 64):          "room " + strings.Repeat("x", 64),
		"3." + group + "..":                       "group " + group,
		"4." + alice + "." + bob + ".":            "direct " + alice + " " + bob,
		"4." + strings.ToUpper(alice+"."+bob+"."): "direct " + alice + " " + bob,

		"": "", "2": "", "2..": "", "2...": "", "nope": "", "9...room": "", "02...room": "",
		"2.x..room": "", "2." + group + "..room": "", "2.." + group + ".room": "", "2..." + strings.Repeat("x", 65): "", "2...\xff": "",
		"3.x..": "", "3." + group + "." + alice + ".": "", "3." + group + "..x": "",
		"4." + alice + ".x.": "", "4.x." + alice + ".": "", "4." + alice + "." + bob + ".x": "",
	} {
		channel, err := Parse(id)
		if (err == nil) != (wanted != "") {
			t.Errorf("%q: %v", id, err)
			continue
		}
		if err != nil {
			wantCode(t, err, codes.InvalidArgument)
			continue
		}
		names := channel.Names()
		kind := map[Kind]string{Room: "room", Group: "group", Direct: "direct"}[channel.Kind]
		want(t, strings.TrimSpace(kind+" "+names.Room+names.GroupID+names.UserIDOne+" "+names.UserIDTwo), wanted)
	}
}

// A channel's id is read as that channel, whoever made it up.
func FuzzParse(f *testing.F) {
	for _, id := range []string{"2...room", "3." + group + "..", "4." + alice + "." + bob + ".", "4...", "2...a.b", "x"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		channel, err := Parse(id)
		if err != nil {
			return
		}
		if again, err := Parse(channel.ID()); err != nil || again != channel {
			t.Errorf("%q is %+v, but %q is %+v, %v", id, channel, channel.ID(), again, err)
		}
	})
}

func TestFind(t *testing.T) {
	onEach(t, func(t *testing.T, f *fixture) {
		for _, test := range []struct {
			user, target string
			kind         Type
			want         string // the channel's id
			code         codes.Code
		}{
			{alice, "room", TypeRoom, "2...room", 0},
			{alice, "room", TypeUnspecified, "2...room", 0},
			{"", "room", TypeRoom, "2...room", 0},
			{alice, "", TypeRoom, "", codes.InvalidArgument},
			{alice, strings.Repeat("ü", 32), TypeRoom, "2..." + strings.Repeat("ü", 32), 0},
			{alice, strings.Repeat("x", 65), TypeRoom, "", codes.InvalidArgument},
			{alice, "a\nb", TypeRoom, "", codes.InvalidArgument},
			{alice, "a\x7fb", TypeRoom, "", codes.InvalidArgument},
			{alice, "\xff", TypeRoom, "", codes.InvalidArgument},
			{alice, "room", 4, "", codes.InvalidArgument},
			{alice, "room", -1, "", codes.InvalidArgument},

			{alice, bob, TypeDirect, "4." + alice + "." + bob + ".", 0},
			{bob, strings.ToUpper(alice), TypeDirect, "4." + alice + "." + bob + ".", 0},
			{alice, alice, TypeDirect, "4." + alice + "." + alice + ".", 0},
			{bob, carol, TypeDirect, "4." + bob + "." + carol + ".", 0},
			{carol, bob, TypeDirect, "", codes.InvalidArgument},
			{alice, absent, TypeDirect, "", codes.InvalidArgument},
			{alice, System, TypeDirect, "", codes.InvalidArgument},
			{alice, "bob", TypeDirect, "", codes.InvalidArgument},
			{"", bob, TypeDirect, "", codes.InvalidArgument},

			{alice, group, TypeGroup, "3." + group + "..", 0},
			{"", group, TypeGroup, "3." + group + "..", 0},
			{bob, group, TypeGroup, "", codes.InvalidArgument},
			{carol, group, TypeGroup, "", codes.Unknown},
			{alice, "group", TypeGroup, "", codes.InvalidArgument},
		} {
			channel, err := f.Find(t.Context(), test.user, test.target, test.kind)
			wantCode(t, err, test.code)
			if err == nil {
				want(t, channel.ID(), test.want)
			}
		}
	})
}
