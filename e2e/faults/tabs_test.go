package faults

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/hotseat-hub/hotseat/bench/history"
	"github.com/hotseat-hub/hotseat/session"
)

// A tab says something each beat, and takes its peer for gone when nothing came for tabPatience of them.
const (
	everySecond = time.Second
	tabPatience = 4
)

// tab is the window of one session. It comes back until it is told that the session has ended.
type tab struct {
	c     *crowd
	p     *person
	g     granted
	every time.Duration // between two beats
	heard atomic.Int64  // when the server was heard last, in nanoseconds of the history
	mute  atomic.Bool   // the server said nothing for so long that the tab gave up on it
}

// message is one from the server.
type message struct {
	Type   string        `json:"type"`
	Reason string        `json:"reason"`
	Epoch  session.Epoch `json:"epoch"`
}

// watch opens the session's tab.
func (c *crowd) watch(p *person, g granted) {
	t := &tab{c: c, p: p, g: g, every: cmp.Or(c.tabBeat, everySecond)}
	c.tabs.Go(func() {
		for c.weather.calm() && t.visit() {
			select {
			case <-c.done:
				return
			case <-time.After(20*time.Millisecond + rand.N(100*time.Millisecond)):
			}
		}
	})
}

// visit is one socket from its handshake to its end; it reports whether to come back.
func (t *tab) visit() bool {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		select {
		case <-t.c.done:
			stop()
		case <-t.c.weather.breaks():
			stop()
		case <-ctx.Done():
		}
	}()
	handshake, cancel := context.WithTimeout(ctx, tabPatience*everySecond)
	defer cancel()
	url := t.c.node()
	conn, reply, err := websocket.Dial(handshake, strings.Replace(url, "http", "ws", 1)+"/ws/session/"+t.g.Session.TerminalID+"/",
		&websocket.DialOptions{HTTPClient: t.c.tabClient, HTTPHeader: http.Header{"Authorization": {"Bearer " + t.g.AccessToken}}})
	if err != nil {
		return reply == nil || reply.StatusCode >= 500 || reply.StatusCode == http.StatusTooManyRequests
	}
	defer conn.CloseNow()
	t.heard.Store(int64(t.c.notes.Now()))
	t.mute.Store(false)
	go t.beat(ctx, stop, conn)
	id := t.c.conns.Add(1)
	code, seated := t.listen(ctx, conn, id, url)
	if seated {
		t.p.seated.Add(-1)
		t.note(history.Closed, id, url, func(o *history.Operation) { o.Close = code })
	}
	over := code == 1000 || code >= 4510 && code < 4600
	if seated && !over && (ctx.Err() == nil || t.mute.Load()) {
		t.c.broken.Add(1)
		t.c.closed(url, code)
	}
	return !over
}

// listen reads until the socket's end and returns its close code, 0 when it broke.
func (t *tab) listen(ctx context.Context, conn *websocket.Conn, id uint64, url string) (code int, seated bool) {
	for {
		_, text, err := conn.Read(ctx)
		if err != nil {
			var end websocket.CloseError
			if errors.As(err, &end) {
				code = int(end.Code)
			}
			return code, seated
		}
		t.heard.Store(int64(t.c.notes.Now()))
		var m message
		_ = json.Unmarshal(text, &m) // what is no JSON is none of the two
		switch m.Type {
		case "session_established":
			seated = true
			t.p.seated.Add(1)
			t.note(history.Established, id, url, nil)
		case "session_terminated":
			t.p.told.Add(1)
			t.note(history.Notice, id, url, func(o *history.Operation) { o.Reason, o.By = m.Reason, m.Epoch })
			_ = conn.Write(ctx, websocket.MessageText, []byte(`{"type":"ack","seq":1}`))
		}
	}
}

func (t *tab) note(kind history.Kind, id uint64, url string, more func(*history.Operation)) {
	o := used(kind, t.g)
	o.Employee, o.Conn, o.Node, o.Start = t.p.id, id, url, t.c.notes.Now()
	if more != nil {
		more(&o)
	}
	t.c.notes.Record(o)
}

// beat asks for a sign of life, and gives up on a peer that gives none.
func (t *tab) beat(ctx context.Context, stop context.CancelFunc, conn *websocket.Conn) {
	for ticks := time.NewTicker(t.every); ; {
		select {
		case <-ctx.Done():
			ticks.Stop()
			return
		case <-ticks.C:
		}
		if t.c.notes.Now().Sub(history.Instant(t.heard.Load())) > tabPatience*t.every {
			t.mute.Store(true)
			stop()
			continue
		}
		_ = conn.Write(ctx, websocket.MessageText, []byte(`{"type":"ping"}`))
	}
}
