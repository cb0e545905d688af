package compat_test

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

var timestamp = regexp.MustCompile(`"timestamp":"[0-9-]{10}T[0-9:]{8}\.[0-9]{3}Z"}$`)

// events reads so many of the topic pos-events that are about these terminals, as the original's
// consumers do: they know nothing of transactions, keys and the one header, our name. Times are written as TIME.
func (s *server) events(many int, terminals ...string) (found []string) {
	s.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(s.kafka), kgo.ConsumeTopics("pos-events"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(s, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for len(found) < many {
		fetches := client.PollFetches(ctx)
		require.NoError(s, ctx.Err(), "only %d of %d events: %s", len(found), many, found)
		fetches.EachRecord(func(r *kgo.Record) {
			if text := string(r.Value); slices.ContainsFunc(terminals, func(t string) bool { return strings.Contains(text, t) }) {
				require.Equal(s, []string{"hotseat-source"}, keysOf(r))
				require.Regexp(s, timestamp, text)
				found = append(found, timestamp.ReplaceAllString(text, "TIME"))
			}
		})
	}
	return found
}

func keysOf(r *kgo.Record) (keys []string) {
	for _, h := range r.Headers {
		keys = append(keys, h.Key)
	}
	return keys
}
