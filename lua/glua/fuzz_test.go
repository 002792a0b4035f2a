package glua_test

import (
	"math/rand/v2"
	"testing"
)

var ownStack = []way{{ownStack: true}, {ownStack: true, calledIterators: true}}

func FuzzPrograms(f *testing.F) {
	for seed := range uint64(100) {
		f.Add(randomChoices(seed))
	}
	f.Fuzz(func(t *testing.T, choices []byte) {
		source := makeProgram(choices)
		if difference, _ := compare(source, ownStack...); difference != "" {
			t.Errorf("%s\n%s", source, difference)
		}
	})
}

func randomChoices(seed uint64) []byte {
	random := rand.New(rand.NewPCG(seed, 0))
	choices := make([]byte, 50+random.IntN(1500))
	for i := range choices {
		choices[i] = byte(random.Uint32())
	}
	return choices
}
