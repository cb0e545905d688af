package api

import (
	"encoding/json"
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"testing"

	"github.com/pb33f/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

// socketDocument is the part of asyncapi.json that is compared with the code.
type socketDocument struct {
	Channels struct {
		Terminal struct {
			Address    string
			Messages   map[string]struct{ Payload any }
			CloseCodes map[string]string `json:"x-close-codes"`
		}
		Events struct {
			Messages map[string]map[string]string
		}
	}
	Operations map[string]struct {
		Action   string
		Messages []struct {
			Ref string `json:"$ref"`
		}
	}
}

func readSocketDocument(t *testing.T) (doc socketDocument) {
	t.Helper()
	require.NoError(t, json.Unmarshal(asyncAPI, &doc))
	return doc
}

func TestEveryMessageOfTheSocketIsSaidOrHeard(t *testing.T) {
	doc := readSocketDocument(t)
	used := map[string]string{}
	for called, operation := range doc.Operations {
		if strings.HasPrefix(called, "publish") || called == "post" {
			continue // no socket's
		}
		for _, message := range operation.Messages {
			name, ok := strings.CutPrefix(message.Ref, "#/channels/terminal/messages/")
			if !ok { // the same, without a socket
				name, ok = strings.CutPrefix(message.Ref, "#/channels/events/messages/")
				require.Equal(t, map[string]string{"$ref": "#/channels/terminal/messages/" + name}, doc.Channels.Events.Messages[name])
			}
			require.True(t, ok, message.Ref)
			require.Contains(t, doc.Channels.Terminal.Messages, name)
			used[name] = operation.Action
		}
	}
	require.Equal(t, map[string]string{
		"session_established": "send", "session_terminated": "send", "server_draining": "send", "pong": "send", "error": "send",
		"authenticate": "receive", "ack": "receive", "ping": "receive",
	}, used)
	require.Len(t, doc.Channels.Terminal.Messages, len(used))
}

// Every reason's notice, real and test, is as the document says.
func TestNoticesAreAsTheDocumentSays(t *testing.T) {
	compiler := jsonschema.NewCompiler()
	whole, err := jsonschema.UnmarshalJSON(strings.NewReader(string(asyncAPI)))
	require.NoError(t, err)
	require.NoError(t, compiler.AddResource("asyncapi.json", whole))
	schema, err := compiler.Compile("asyncapi.json#/channels/terminal/messages/session_terminated/payload")
	require.NoError(t, err)
	check := func(text []byte) error {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
		require.NoError(t, err)
		return schema.Validate(value)
	}
	for reason := session.ReasonEnded; reason <= session.ReasonTokenReuse; reason++ {
		n := session.Notice{
			Session: session.ID{1}, Terminal: "till-1", Epoch: 8, Reason: reason, At: 1,
			By: session.By{Terminal: "till-2", Device: "Chrome on Linux", Name: "ops"},
		}
		require.NoError(t, check(n.AppendJSON(nil)), reason.String())
		n.Test = true
		require.NoError(t, check(n.AppendJSON(nil)), reason.String())
	}
	require.Error(t, check([]byte(`{"type":"session_terminated"}`)))
	require.Error(t, check([]byte(strings.Replace(string((&session.Notice{Terminal: "t"}).AppendJSON(nil)), `"ended"`, `"bored"`, 1))))
}

// The close codes that the hub can send are all described, by the constants in its source.
func TestEveryCloseCodeIsDescribed(t *testing.T) {
	doc := readSocketDocument(t)
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "../hub/codes.go", nil, 0)
	require.NoError(t, err)
	config := types.Config{Importer: importer.Default(), Error: func(error) {}}
	info := &types.Info{Defs: map[*ast.Ident]types.Object{}}
	_, _ = config.Check("hub", files, []*ast.File{file}, info) // its imports need not be known
	found := 0
	for _, object := range info.Defs {
		c, is := object.(*types.Const)
		if !is || !strings.HasPrefix(c.Name(), "Close") || c.Val().Kind() != constant.Int {
			continue
		}
		found++
		require.Contains(t, doc.Channels.Terminal.CloseCodes, c.Val().ExactString(), c.Name())
	}
	require.Greater(t, found, 15)
	require.Len(t, doc.Channels.Terminal.CloseCodes, found+1, "all but 4000, which is reserved")
}
