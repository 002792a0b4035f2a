package query

import (
	"hash/maphash"
	"math"
	"testing"
)

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "*", "+", "+a:b -c:d e", "a:>=-1.5^2", `a:>"2024-01-02T03:04:05Z"`, `"a b":c\ d`, "a:/[a-z]{3}/ b:x*?",
		"a:b~2 c~", `a\:b:c`, "a:1.2.3", "a:/\\\\Qx/", "a:-1 :", "+a:0", "+a:-0", "+a:1.2.3", "+a:007", "\x00\xff", "a:^",
	} {
		f.Add(seed, "b")
		f.Add(seed, "007")
		f.Add(seed, "1.2.3")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		q, err := Parse(text)
		if err != nil {
			return
		}
		doc := Document{}
		doc.Text("a", value)
		doc.Number("b", float64(len(value)))
		if score, _ := q.Match(doc); score > q.BestScore() {
			t.Errorf("%q scores %v, more than the best, %v", text, score, q.BestScore())
		}
		doc.Number("a", float64(len(value)))
		score, ok := q.Match(doc)
		if math.IsNaN(score) {
			t.Errorf("%q scores NaN", text)
		}
		if !ok {
			return
		}
		for _, r := range q.Required() {
			if !meets(doc, r) {
				t.Errorf("%q finds what does not meet %+v", text, r)
			}
		}
	})
}

var seed = maphash.MakeSeed()

func meets(doc Document, r Required) bool {
	for _, v := range doc[r.Field] {
		if r.Equal && v.Hash(seed) == r.Value.Hash(seed) {
			return true
		}
		if n, ok := v.Number(); ok && !r.Equal && r.Least <= n && n <= r.Most {
			return true
		}
	}
	return false
}

// FuzzDistance checks the banded matrix against the whole one.
func FuzzDistance(f *testing.F) {
	f.Add("duel", "duell")
	f.Add("ab", "ba")
	f.Add("", "ab")
	f.Add("", "abc")
	f.Add("ca", "abc")
	f.Fuzz(func(t *testing.T, want, text string) {
		banded := fuzzy{want: []rune(want), edits: maxFuzziness}
		exact := min(editDistance([]rune(want), []rune(text)), maxFuzziness+1)
		if got := banded.distance(text); got != exact {
			t.Errorf("%q to %q: %d edits, want %d", want, text, got, exact)
		}
	})
}

func editDistance(a, b []rune) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		for j := range rows[i] {
			switch {
			case i == 0 || j == 0:
				rows[i][j] = i + j
			case a[i-1] == b[j-1]:
				rows[i][j] = rows[i-1][j-1]
			default:
				rows[i][j] = 1 + min(rows[i-1][j-1], rows[i-1][j], rows[i][j-1])
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
