package session_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/hotseat-hub/hotseat/session"
)

// command reads the words of one command:
//
//	login ada till-1 [k1] [as=s7] [password=CREDENTIAL] [deny] [override] [body=2] [max=N] [on=deny] …
//	attach ada n1/7 s1 [epoch=N] [ticket=t1 issued=-3s]    check ada s1    detach ada n1/7
//	node-lost ada n1    logout ada s1    refresh ada s1 GENERATION    expire ada
//	end ada s1|all [except=s2] [reason=logout] [actor=KEY] [message=TEXT]
//	create ada [policy=2/deny] [locked] [password] [first=Ada] [last=…]    delete ada
//	update ada [policy=2|policy=default] [lock] [unlock] [password] [keep] [first=Ada] [last=…]
//
// A login is a trusted one unless it brings a password. by=10s sets a command's deadline.
func (w *world) command(verb string) session.Command {
	a := w.args
	switch verb {
	case "login":
		return w.login()
	case "attach":
		c := session.Attach{
			Deadline: w.deadline(), Socket: w.socket(a[1]), Session: w.sessionID(a[2]),
			Epoch: session.Epoch(w.num("epoch")),
		}
		if t, ok := a.value("ticket"); ok {
			c.Ticket = &session.Ticket{Nonce: hash(t), IssuedAt: w.now.Add(w.duration("issued", 0))}
		}
		return c
	case "check":
		return session.Check{Deadline: w.deadline(), Session: w.sessionID(a[1]), Epoch: session.Epoch(w.num("epoch"))}
	case "detach":
		return session.Detach{Socket: w.socket(a[1])}
	case "node-lost":
		return session.NodeLost{Node: session.Node(a[1])}
	case "logout":
		return session.Logout{Deadline: w.deadline(), Session: w.sessionID(a[1])}
	case "refresh":
		var generation uint32
		fmt.Sscan(a[2], &generation)
		return session.Refresh{
			Deadline: w.deadline(), Session: w.sessionID(a[1]), Generation: generation,
			Token: w.duration("token", 15*time.Minute), Idle: w.duration("idle", 0), Passed: a.has("passed"),
		}
	case "expire":
		return session.Expire{}
	case "end":
		return w.end()
	case "create":
		c := session.Create{Deadline: w.deadline(), Employee: session.EmployeeID(a[0]), Locked: a.has("locked"), Actor: "ops"}
		if a.has("policy") {
			c.Policy = w.policy(a.str("policy"))
		}
		c.Profile = profileOf(a)
		return c
	case "fence":
		return session.Fence{Raise: session.Epoch(w.num("raise"))}
	case "update":
		return w.update()
	case "delete":
		return session.Delete{Deadline: w.deadline(), Actor: "ops"}
	}
	w.t.Fatalf("unknown command %s", verb)
	return nil
}

func (w *world) login() session.Command {
	a := w.args
	c := session.Login{
		Deadline: w.deadline(), Employee: session.EmployeeID(a[0]), Terminal: session.TerminalID(a[1]), Device: "Till",
		Client: "pos", Trusted: true, Override: a.has("override"), Looked: a.has("looked"), Maybe: session.Epoch(w.num("maybe")),
		Lifetime: w.duration("lifetime", 12*time.Hour), Token: w.duration("token", 15*time.Minute),
		Idle: w.duration("idle", 0), Grace: w.duration("grace", time.Minute),
		Default: session.Policy{MaxSessions: max(1, w.num("max")), OnLimit: session.Takeover},
	}
	if a.has("password") {
		c.Trusted, c.Client, c.Credential = false, "hotseat", uint32(w.num("password"))
	}
	if a.has("deny") {
		c.IfActive = session.Deny
	}
	if a.str("on") == "deny" {
		c.Default.OnLimit = session.Deny
	}
	if len(a) > 2 && strings.HasPrefix(a[2], "k") {
		c.Key = &session.KeyRecord{Hash: hash(a[2]), Body: hash(a.str("body"))}
	}
	if found, ok := a.value("found"); ok {
		c.Found = &session.KeyRecord{Hash: c.Key.Hash, Body: c.Key.Body, Session: w.sessionID(found), At: w.now}
	}
	if as, ok := a.value("as"); ok {
		c.Session = w.sessionID(as)
	} else {
		c.Session = w.sessionID(fmt.Sprint("s", w.last+1)) // taken when it is granted
	}
	return c
}

func (w *world) end() session.Command {
	a := w.args
	c := session.End{Deadline: w.deadline(), Reason: session.ReasonAdmin, Actor: a.str("actor"), Message: a.str("message")}
	if a[1] != "all" {
		c.Session = w.sessionID(a[1])
	}
	if except, ok := a.value("except"); ok {
		c.Except = w.sessionID(except)
	}
	if a.str("reason") == "logout" {
		c.Reason = session.ReasonLogout
	}
	return c
}

func (w *world) update() session.Command {
	a := w.args
	c := session.Update{
		Deadline: w.deadline(), SetPolicy: a.has("policy"), KeepSessions: a.has("keep"), Actor: "ops",
		Default: session.Policy{MaxSessions: 1, OnLimit: session.Takeover}, Checked: uint32(w.num("checked")),
	}
	if c.SetPolicy {
		c.Policy = w.policy(a.str("policy"))
	}
	if a.has("lock") || a.has("unlock") {
		lock := a.has("lock")
		c.Locked = &lock
	}
	if p := profileOf(a); p != (session.ProfilePatch{}) {
		c.Profile = &p
	}
	return c
}

func profileOf(a args) (p session.ProfilePatch) {
	if a.has("password") {
		phc := "$argon2id$"
		p.PasswordHash = &phc
	}
	if first, ok := a.value("first"); ok {
		p.FirstName = &first
	}
	if last, ok := a.value("last"); ok {
		p.LastName = &last
	}
	return p
}

func hash(text string) (h [16]byte) { copy(h[:], text); return h }

// render writes a change in the order of its execution.
func render(out io.Writer, c *session.Change) {
	if c.Save != nil {
		fmt.Fprintf(out, "save    %s\n", rowWords(c.Save, c))
	}
	for i := range c.Events {
		e := &c.Events[i]
		kind := strings.TrimSuffix(strings.TrimPrefix(e.Type.String(), "hotseat."), ".v1")
		if !e.Session.ID.IsZero() {
			kind += " " + word(e.Session.ID)
		}
		if e.Type.Ends() && e.Type != session.Expired {
			kind += " " + e.Reason.String()
		}
		fmt.Fprintf(out, "event   %s%s\n", kind, byWords(e.By))
	}
	for i := range c.Notices {
		n := &c.Notices[i]
		fmt.Fprintf(out, "notice  %s/%d %s\n", n.Socket.Node, n.Socket.Conn, noticeWords(&n.Notice))
	}
	if r := &c.Reply; r.Session != nil || len(r.Ended) > 0 {
		fmt.Fprintln(out, replyWords(r))
	}
	for _, closed := range c.Closes {
		fmt.Fprintf(out, "close   %s/%d too many sockets\n", closed.Socket.Node, closed.Socket.Conn)
	}
}

func rowWords(row *session.Employee, c *session.Change) string {
	words := sessions(row.Active)
	if words == "" {
		words = "-"
	}
	words += fmt.Sprintf(" version %d epoch %d", row.Version, row.Epoch)
	if row.Locked {
		words += " locked"
	}
	if row.Deleted {
		words += " deleted"
	}
	if c.Profile != nil {
		words += " profile"
	}
	if c.DeleteProfile {
		words += " no-profile"
	}
	if row.Policy != nil {
		words += fmt.Sprintf(" policy %d/%s", row.Policy.MaxSessions, row.Policy.OnLimit)
	}
	return words
}

func sessions(list []session.Session) string {
	names := make([]string, len(list))
	for i := range list {
		names[i] = word(list[i].ID)
	}
	return strings.Join(names, " ")
}

func noticeWords(n *session.Notice) string {
	text := word(n.Session) + " " + n.Reason.String() + byWords(n.By)
	if n.Terminal == "" {
		text += " terminal unknown"
	}
	if n.Message != "" {
		text += " says " + n.Message
	}
	return text
}

func byWords(b session.By) string {
	switch {
	case b.Terminal != "":
		return " by " + string(b.Terminal)
	case b.Name != "":
		return " by key " + b.Name
	}
	return ""
}

func replyWords(r *session.Reply) string {
	text := "reply  "
	if r.Session != nil {
		text = "grant   " + word(r.Session.ID)
		if r.Session.Refresh > 1 {
			text += fmt.Sprintf(" refresh %d", r.Session.Refresh)
		}
	}
	if len(r.Ended) > 0 {
		text += " ended " + sessions(r.Ended)
	}
	if r.Replayed {
		text += " replayed"
	}
	if name := strings.TrimSpace(r.FirstName + " " + r.LastName); name != "" {
		text += " to " + name
	}
	return text
}

func refused(out io.Writer, err error) {
	var terminated *session.TerminatedError
	var active *session.ActiveError
	switch {
	case errors.As(err, &terminated):
		fmt.Fprintf(out, "refuse  terminated: %s\n", noticeWords(&terminated.Notice))
	case errors.As(err, &active):
		fmt.Fprintf(out, "refuse  active: %s\n", sessions(active.Active))
	default:
		fmt.Fprintf(out, "refuse  %v\n", err)
	}
}

// show writes what a row says beyond its changes; times count from the scenario's start.
func show(out io.Writer, s *session.State) {
	for i := range s.Active {
		a := &s.Active[i]
		fmt.Fprintf(out, "session %s %s epoch %d expires +%v tokens +%v\n",
			word(a.ID), a.Terminal, a.Epoch, a.Deadline().Sub(start), a.TokensUntil.Sub(start))
	}
	for i := range s.Endings {
		e := &s.Endings[i]
		fmt.Fprintf(out, "ending  %s %s epoch %d at +%v until +%v\n",
			word(e.Session), e.Reason, e.Epoch, e.At.Sub(start), e.Until.Sub(start))
	}
	for _, h := range s.Handles {
		fmt.Fprintf(out, "socket  %s/%d %s\n", h.Socket.Node, h.Socket.Conn, word(h.Session))
	}
}
