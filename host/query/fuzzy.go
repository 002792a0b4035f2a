package query

import "unicode/utf8"

// maxFuzziness is the most edits a query may allow.
const maxFuzziness = 2

// fuzzy finds texts that a few edits turn into another. Two neighbours that
// swapped places are one edit.
type fuzzy struct {
	want  []rune
	edits int
}

// closeness is 1 for the same text, less the more edits there are between them;
// false if there are too many.
func (f *fuzzy) closeness(text string) (closeness float64, ok bool) {
	n := utf8.RuneCountInString(text)
	if n-len(f.want) > f.edits || len(f.want)-n > f.edits {
		return 0, false
	}
	edits := f.distance(text)
	if edits > f.edits {
		return 0, false
	}
	shorter := max(min(n, len(f.want)), 1)
	return 1 - float64(edits)/float64(shorter), true
}

// band is the width of the part of a row of the edit matrix that is worth looking at.
const band = 2*maxFuzziness + 1

// distance counts the edits between the texts, exactly up to maxFuzziness. Of the
// matrix with the text's runes as rows and the wanted runes as columns it fills
// only the diagonal band: cell k of row i is column i-maxFuzziness+k.
func (f *fuzzy) distance(text string) int {
	const far = maxFuzziness + 1
	var beforeLast, last, row [band]int
	for k := range last {
		last[k], beforeLast[k] = far, far
		if column := k - maxFuzziness; column >= 0 {
			last[k] = column
		}
	}
	i, previous := 0, rune(-1)
	for _, r := range text {
		i++
		for k := range row {
			column := i - maxFuzziness + k
			row[k] = far
			if column < 0 || column > len(f.want) {
				continue
			}
			if column == 0 {
				row[k] = min(i, far)
				continue
			}
			best := last[k] // substitution, or the same rune
			if r != f.want[column-1] {
				best++
			}
			if k+1 < band {
				best = min(best, last[k+1]+1)
			}
			if k > 0 {
				best = min(best, row[k-1]+1)
			}
			if i > 1 && column > 1 && r == f.want[column-2] && previous == f.want[column-1] {
				best = min(best, beforeLast[k]+1)
			}
			row[k] = min(best, far)
		}
		beforeLast, last, previous = last, row, r
	}
	k := len(f.want) - i + maxFuzziness
	if k < 0 || k >= band {
		return far
	}
	return last[k]
}
