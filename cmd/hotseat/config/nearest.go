package config

import "strings"

// DidYouMean is ": did you mean X?" with the nearest of known behind prefix, or nothing when none is
// near enough to be meant.
func DidYouMean(prefix, unknown string, known []string) string {
	best, least := "", max(2, len(unknown)/3)+1
	for _, k := range known {
		if d := distance(fold(unknown), fold(k)); d < least {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return ": did you mean " + prefix + best + "?"
}

// fold makes the spellings alike that people mix up.
func fold(s string) string { return strings.ReplaceAll(strings.ToLower(s), "_", "-") }

// distance is Levenshtein's: the least number of single-byte insertions, deletions and changes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			above := row[j+1]
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, above+1, row[j]+1)
			diagonal = above
		}
	}
	return row[len(b)]
}
