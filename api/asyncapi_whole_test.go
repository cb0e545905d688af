package api

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The document is one of AsyncAPI 3: what it refers to is there, each operation is of a channel that has
// its messages, each message belongs to an operation, and each payload is a schema.
func TestTheAsyncAPIDocumentIsOne(t *testing.T) {
	var doc map[string]any
	require.NoError(t, json.Unmarshal(asyncAPI, &doc))
	require.Regexp(t, `^3\.`, doc["asyncapi"])
	require.NotEmpty(t, doc["info"].(map[string]any)["title"])
	require.NotEmpty(t, doc["info"].(map[string]any)["version"])
	references(t, doc, doc)

	used := map[string]bool{}
	for name, raw := range doc["operations"].(map[string]any) {
		operation := raw.(map[string]any)
		require.Contains(t, []any{"send", "receive"}, operation["action"], name)
		channel := operation["channel"].(map[string]any)["$ref"].(string)
		for _, message := range operation["messages"].([]any) {
			ref := message.(map[string]any)["$ref"].(string)
			require.True(t, strings.HasPrefix(ref, channel+"/messages/"), "%s: %s is no message of %s", name, ref, channel)
			used[ref] = true
		}
	}
	for name, raw := range doc["channels"].(map[string]any) {
		channel := raw.(map[string]any)
		require.NotEmpty(t, channel["address"], name)
		for message, said := range channel["messages"].(map[string]any) {
			place := "/channels/" + name + "/messages/" + message
			require.True(t, used["#"+place], "no operation has %s", place)
			if same, is := said.(map[string]any)["$ref"].(string); is { // of another channel
				place = strings.TrimPrefix(same, "#")
			}
			require.NotPanics(t, func() { schemaOf(t, place+"/payload") }, place)
		}
	}
}

// references fails for each $ref in value that leads nowhere in doc.
func references(t *testing.T, doc, value any) {
	t.Helper()
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			references(t, doc, item)
		}
	case map[string]any:
		for key, item := range v {
			if ref, is := item.(string); key == "$ref" && is {
				require.NotNil(t, at(doc, ref), ref)
			}
			references(t, doc, item)
		}
	}
}

// at follows a reference inside of doc; nil: it leads nowhere.
func at(doc any, ref string) any {
	place, inside := strings.CutPrefix(ref, "#/")
	if !inside {
		return nil
	}
	for _, step := range strings.Split(place, "/") {
		object, is := doc.(map[string]any)
		if !is {
			return nil
		}
		doc = object[step]
	}
	return doc
}
