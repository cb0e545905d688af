package api

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hotseat-hub/hotseat/api/password"
	"github.com/hotseat-hub/hotseat/session"
)

// recordView is an employee as operators see one.
type recordView struct {
	EmployeeID session.EmployeeID `json:"employee_id"`
	Username   string             `json:"username"`
	FirstName  string             `json:"first_name"`
	LastName   string             `json:"last_name"`
	Email      string             `json:"email"`
	Role       string             `json:"role"`
	LegacyID   *int64             `json:"legacy_id"`
	Policy     *policyView        `json:"policy"`
	Locked     bool               `json:"locked"`
}

type policyView struct {
	MaxSessions *int    `json:"max_sessions"`
	OnLimit     *string `json:"on_limit"`
}

func viewRecord(p *session.Profile, policy *session.Policy, locked bool) recordView {
	v := recordView{
		EmployeeID: p.ID, Username: p.Username, FirstName: p.FirstName, LastName: p.LastName,
		Email: p.Email, Role: p.Role, LegacyID: p.LegacyID, Locked: locked,
	}
	if policy != nil {
		onLimit := policy.OnLimit.String()
		v.Policy = &policyView{MaxSessions: &policy.MaxSessions, OnLimit: &onLimit}
	}
	return v
}

// recordRequest is what operators may set. A text that is absent stays as it is.
type recordRequest struct {
	Username  *string              `json:"username"`
	FirstName *string              `json:"first_name"`
	LastName  *string              `json:"last_name"`
	Email     *string              `json:"email"`
	Role      *string              `json:"role"`
	LegacyID  optional[int64]      `json:"legacy_id"`
	Policy    optional[policyView] `json:"policy"`
	Locked    *bool                `json:"locked"`
	Password  *secret              `json:"password"`
}

type createRequest struct {
	EmployeeID string `json:"employee_id"`
	recordRequest
}

type patchRequest struct {
	recordRequest
	KeepSessions bool `json:"keep_sessions"`
}

// patch checks a request's texts, and hashes its password.
func (x *exchange) patch(req *recordRequest) (session.ProfilePatch, error) {
	patch := session.ProfilePatch{
		Username: req.Username, FirstName: cleaned(req.FirstName), LastName: cleaned(req.LastName),
		Email: req.Email, Role: req.Role,
	}
	if err := checkTexts(&patch); err != nil {
		return patch, err
	}
	if req.LegacyID.Set {
		patch.LegacyID = &req.LegacyID.Value
	}
	if req.Password == nil {
		return patch, nil
	}
	if len(*req.Password) == 0 || len(*req.Password) > password.MaxLength {
		return patch, invalidRequest("password must have 1 to %d bytes", password.MaxLength)
	}
	hash, err := x.o.Passwords.Hash(x.r.Context(), string(*req.Password))
	patch.PasswordHash = &hash
	return patch, err
}

// Lengths of an employee's texts, in bytes. Longer ones are refused: a record that was cut would
// not be what the operator meant.
const (
	maxUsername = 150
	maxName     = 150
	maxEmail    = 254
	maxRole     = 64
)

// cleaned makes a name safe to show; its length is checked by checkTexts.
func cleaned(s *string) *string {
	if s == nil {
		return nil
	}
	clean := session.Clean(*s, maxBody)
	return &clean
}

func checkTexts(p *session.ProfilePatch) error {
	for _, text := range []struct {
		field string
		value *string
		limit int
	}{
		{"username", p.Username, maxUsername},
		{"first_name", p.FirstName, maxName},
		{"last_name", p.LastName, maxName},
		{"email", p.Email, maxEmail},
		{"role", p.Role, maxRole},
	} {
		switch {
		case text.value == nil:
		case len(*text.value) > text.limit:
			return invalidRequest("%s may have %d bytes", text.field, text.limit)
		case strings.IndexFunc(*text.value, unicode.IsControl) >= 0 || strings.ContainsRune(*text.value, utf8.RuneError):
			return invalidRequest("%s must be valid UTF-8 without control characters", text.field)
		}
	}
	return nil
}

// policyOf is the policy that a request sets; nil for the server's default.
func policyOf(v *policyView) (*session.Policy, error) {
	if v == nil {
		return nil, nil
	}
	if v.MaxSessions == nil || v.OnLimit == nil {
		return nil, invalidRequest("policy needs max_sessions and on_limit")
	}
	p := &session.Policy{MaxSessions: *v.MaxSessions}
	if p.MaxSessions < 1 || p.MaxSessions > session.MaxSeats {
		return nil, invalidRequest("policy.max_sessions must be from 1 to %d", session.MaxSeats)
	}
	switch *v.OnLimit {
	case "takeover":
		p.OnLimit = session.Takeover
	case "deny":
		p.OnLimit = session.Deny
	default:
		return nil, invalidRequest("policy.on_limit must be takeover or deny")
	}
	return p, nil
}

// createEmployee is POST /v1/admin/employees.
func (x *exchange) createEmployee() error {
	var req createRequest
	if err := x.decode(&req); err != nil {
		return err
	}
	employee, err := session.ParseEmployeeID(req.EmployeeID)
	if err != nil {
		return invalidRequest("%v", err)
	}
	policy, err := policyOf(req.Policy.Value)
	if err != nil {
		return err
	}
	patch, err := x.patch(&req.recordRequest)
	if err != nil {
		return err
	}
	cmd := session.Create{
		Deadline: x.deadline(), Employee: employee, Profile: patch, Policy: policy,
		Locked: req.Locked != nil && *req.Locked, Actor: x.key.name,
	}
	if _, err := x.do(employee.Key(), cmd); err != nil {
		return err
	}
	x.w.Header().Set("Location", "/v1/admin/employees/"+string(employee))
	return x.showRecord(http.StatusCreated, employee.Key())
}

// showRecord answers with the record as the store has it.
func (x *exchange) showRecord(status int, key session.Key) error {
	row, err := x.o.Rows.Load(x.r.Context(), key)
	if err != nil {
		return err
	}
	if !row.Exists() {
		return session.ErrNotFound
	}
	profile, err := x.profile(key)
	if err != nil {
		return err
	}
	profile.ID = row.ID
	return x.reply(status, viewRecord(&profile, row.Policy, row.Locked))
}

// employee is the path's employee.
func (x *exchange) employee() (session.Key, error) {
	employee, err := session.ParseEmployeeID(x.r.PathValue("employee_id"))
	if err != nil {
		return "", invalidRequest("%v", err)
	}
	return employee.Key(), nil
}

// showEmployee is GET /v1/admin/employees/{employee_id}.
func (x *exchange) showEmployee() error {
	key, err := x.employee()
	if err != nil {
		return err
	}
	return x.showRecord(http.StatusOK, key)
}

// patchEmployee is PATCH /v1/admin/employees/{employee_id}. It never creates.
func (x *exchange) patchEmployee() error {
	key, err := x.employee()
	if err != nil {
		return err
	}
	var req patchRequest
	if err := x.decode(&req); err != nil {
		return err
	}
	policy, err := policyOf(req.Policy.Value)
	if err != nil {
		return err
	}
	patch, err := x.patch(&req.recordRequest)
	if err != nil {
		return err
	}
	cmd := session.Update{
		Deadline: x.deadline(), SetPolicy: req.Policy.Set, Policy: policy, Default: x.o.Policy,
		Locked: req.Locked, KeepSessions: req.KeepSessions, Actor: x.key.name,
	}
	if patch != (session.ProfilePatch{}) {
		cmd.Profile = &patch
	}
	if _, err := x.do(key, cmd); err != nil {
		return err
	}
	return x.showRecord(http.StatusOK, key)
}

// deleteEmployee is DELETE /v1/admin/employees/{employee_id}.
func (x *exchange) deleteEmployee() error {
	key, err := x.employee()
	if err != nil {
		return err
	}
	if _, err := x.do(key, session.Delete{Deadline: x.deadline(), Actor: x.key.name}); err != nil {
		return err
	}
	return x.noContent()
}

const (
	defaultPage = 50
	maxPage     = 500
)

// listEmployees is GET /v1/admin/employees.
func (x *exchange) listEmployees() error {
	query := x.r.URL.Query()
	prefix, limit := strings.ToLower(query.Get("prefix")), defaultPage
	if prefix != "" {
		if _, err := session.ParseEmployeeID(prefix); err != nil {
			return invalidRequest("prefix must be the beginning of an employee_id")
		}
	}
	if text := query.Get("limit"); text != "" {
		var err error
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > maxPage {
			return invalidRequest("limit must be a number from 1 to %d", maxPage)
		}
	}
	after, err := parseCursor(query.Get("cursor"))
	if err != nil {
		return err
	}
	records, err := x.o.Profiles.Profiles(x.r.Context(), prefix, after, limit+1)
	if err != nil {
		return err
	}
	page := struct {
		Employees []recordView `json:"employees"`
		Cursor    *string      `json:"cursor"`
	}{Employees: []recordView{}}
	if len(records) > limit {
		records = records[:limit]
		next := base64.RawURLEncoding.EncodeToString([]byte(records[limit-1].Profile.ID.Key()))
		page.Cursor = &next
	}
	for i := range records {
		page.Employees = append(page.Employees, viewRecord(&records[i].Profile, records[i].Policy, records[i].Locked))
	}
	return x.reply(http.StatusOK, page)
}

// parseCursor reads where a list goes on: behind this key.
func parseCursor(s string) (session.Key, error) {
	if s == "" {
		return "", nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		_, err = session.ParseEmployeeID(string(b))
	}
	if err != nil {
		return "", errors.Join(invalidRequest("cursor must be one that a list gave"), err)
	}
	return session.Key(strings.ToLower(string(b))), nil
}
