package postgres

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A writer whose first commit is read by the reading during which it began stays in the place: forgotten, it
// would be read from its beginning again.
func TestAReadingForgetsOnlyWritersThatWereGoneBeforeIt(t *testing.T) {
	r := &orderedRead{place: logPlace{last: map[string]int64{"alive": 3, "gone": 4, "behind": 5}}}
	r.place.last["new"] = 1 // by the query after the one that told who is gone
	r.settle(10, time.Time{}, []string{"gone", "behind"}, map[string]int64{"new": 1, "behind": 6})
	require.Equal(t, map[string]int64{"alive": 3, "behind": 5, "new": 1}, r.place.last)
}
