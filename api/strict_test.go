package api

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatIsWrongWithABodyIsSaidWithoutItsValues(t *testing.T) {
	for body, says := range map[string]string{
		``:                            "the body must be a JSON object",
		`["x"]`:                       "the body must be a JSON object",
		`{"password":"topsecret"`:     "malformed or incomplete JSON at byte 23",
		`{"password":"topsecret"}{}`:  "malformed or incomplete JSON at byte 24",
		`{"password":"topsecret\q"}`:  "malformed or incomplete JSON at byte 22",
		`{"password":7}`:              "a password must be a string of valid Unicode",
		`{"password":"\uD800"}`:       "a password must be a string of valid Unicode",
		`{"Employee_id":"topsecret"}`: `unknown field "Employee_id"`,
		`{"policy":{"locked":true}}`:  `unknown field "locked"`,
		`{"a/b~c":1}`:                 `unknown field "a/b~c"`,
		`{"password":"a","password":"topsecret"}`:               `field "password" is there twice`,
		`{"policy":{"on_limit":"deny","on_limit":"topsecret"}}`: `field "on_limit" is there twice`,
		`{"employee_id":12345}`:                                 `field "employee_id" must not be a number`,
		`{"employee_id":["topsecret"]}`:                         `field "employee_id" must not be an array`,
		`{"employee_id":{"a":"topsecret"}}`:                     `field "employee_id" must not be an object`,
		`{"employee_id":true}`:                                  `field "employee_id" must not be a boolean`,
		`{"locked":"topsecret"}`:                                `field "locked" must not be a string`,
		`{"legacy_id":12345.5}`:                                 `field "legacy_id" must be a whole number`,
		`{"policy":{"max_sessions":1e30}}`:                      `field "max_sessions" must be a whole number`,
	} {
		err := decodeJSON([]byte(body), new(createRequest))
		require.EqualError(t, err, "invalid_request: "+says, "%s", body)
	}
}

// Free text is cleaned where it is kept; passwords and names of fields are taken as they are or not at all.
func TestTextThatIsNoUTF8IsTakenForFreeTextOnly(t *testing.T) {
	var login loginRequest
	require.NoError(t, decodeJSON([]byte("{\"employee_id\":\"ada\",\"device_name\":\"Till \xff\"}"), &login))
	require.Equal(t, "Till \uFFFD", *login.DeviceName)
	require.EqualError(t, decodeJSON([]byte("{\"password\":\"\xff\"}"), &login), "invalid_request: a password must be a string of valid Unicode")
	require.ErrorContains(t, decodeJSON([]byte("{\"passwor\xff\":\"\"}"), &login), "unknown field")
}

func TestANullTellsItselfFromAnAbsentMember(t *testing.T) {
	var req patchRequest
	require.NoError(t, decodeJSON([]byte(` {"policy":null,"legacy_id":7} `), &req))
	require.True(t, req.Policy.Set)
	require.Nil(t, req.Policy.Value)
	require.EqualValues(t, 7, *req.LegacyID.Value)
	req = patchRequest{}
	require.NoError(t, decodeJSON([]byte(`{}`), &req))
	require.False(t, req.Policy.Set)
}
