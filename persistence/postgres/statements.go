package postgres

import "github.com/hotseat-hub/hotseat/persistence/store"

// statement is one of the forms of a commit. The smallest that does is taken: a batch of logins of
// known employees needs no insert, no join and no further table.
type statement struct {
	name    string
	sql     string
	columns []column // after writer and seq
}

var (
	updateOnly   = statement{"hotseat_update", updateSQL, loginColumns}
	withInserts  = statement{"hotseat_insert", insertSQL, join(loginColumns, keyColumns)}
	withProfiles = statement{"hotseat_profile", profileSQL, join(loginColumns, keyColumns, profileColumns)}
	statements   = []*statement{&updateOnly, &withInserts, &withProfiles}
)

// choose looks at what the writes at these places need; they all touch profiles or none does.
func choose(writes []store.Write, places []int) *statement {
	if writes[places[0]].HasProfile() {
		return &withProfiles
	}
	for _, i := range places {
		if writes[i].Expected == 0 || writes[i].Change.Key != nil {
			return &withInserts
		}
	}
	return &updateOnly
}

// The events of the writes that won, and of no other, become one log row; none when there are none.
const logSQL = `, logged AS (
	INSERT INTO log (writer, seq, txid, at, events)
	SELECT $1::text, $2::bigint, pg_current_xact_id(), now(), string_agg(events, ''::bytea) FROM done HAVING count(events) > 0
) SELECT array_agg(ord) FROM done`

// updateSQL visits the rows in the order of the arrays, which is sorted by key: so does every other
// batch, and none waits for one that waits for it.
const updateSQL = `WITH done AS (
	UPDATE employees e SET employee_id = w.employee_id, version = w.expected + 1, epoch = w.epoch, state = w.state
	FROM unnest($3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bytea[], $8::bytea[])
		WITH ORDINALITY AS w (key, employee_id, expected, epoch, state, events, ord)
	WHERE e.key = w.key AND e.version = w.expected
	RETURNING w.ord, w.events
)` + logSQL

// The insert branch is for expected zero only, or an old owner's write would bring a row to life. It
// takes no lock on a row that is there. Rows are first updated, then inserted, each in order.
const writeSQL = `,
updated AS (
	UPDATE employees e SET employee_id = w.employee_id, version = w.expected + 1, epoch = w.epoch, state = w.state
	FROM w WHERE e.key = w.key AND e.version = w.expected AND w.expected > 0
	RETURNING w.ord
), inserted AS (
	INSERT INTO employees (key, employee_id, version, epoch, state)
	SELECT key, employee_id, 1, epoch, state FROM w WHERE expected = 0 ORDER BY ord
	ON CONFLICT (key) DO NOTHING
	RETURNING key
), done AS (
	SELECT * FROM w WHERE ord IN (SELECT ord FROM updated) OR key IN (SELECT key FROM inserted)
), keyed AS (
	INSERT INTO client_keys (key, hash, body, session, at)
	SELECT key, key_hash, key_body, key_session, key_at FROM done WHERE key_hash IS NOT NULL
	ON CONFLICT (key, hash) DO UPDATE SET body = excluded.body, session = excluded.session, at = excluded.at
)`

const insertSQL = `WITH w AS (
	SELECT * FROM unnest($3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bytea[], $8::bytea[],
		$9::bytea[], $10::bytea[], $11::bytea[], $12::bigint[])
		WITH ORDINALITY AS w (key, employee_id, expected, epoch, state, events, key_hash, key_body, key_session, key_at, ord)
)` + writeSQL + logSQL

// profileSQL patches: a null leaves what is there. The old profile is read in the statement's
// snapshot, which is right: whoever changed it since also changed the row's version.
const profileSQL = `WITH w AS (
	SELECT * FROM unnest($3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bytea[], $8::bytea[],
		$9::bytea[], $10::bytea[], $11::bytea[], $12::bigint[],
		$13::bool[], $14::text[], $15::text[], $16::text[], $17::text[], $18::text[], $19::text[], $20::text[], $21::bigint[],
		$22::bool[], $23::bigint[])
		WITH ORDINALITY AS w (key, employee_id, expected, epoch, state, events, key_hash, key_body, key_session, key_at,
		remove, username, username_folded, first_name, last_name, email, role, password_hash, credential,
		set_legacy, legacy_id, ord)
)` + writeSQL + `, removed AS (
	DELETE FROM profiles p USING done WHERE p.key = done.key AND done.remove
), patched AS (
	INSERT INTO profiles (key, username, username_folded, first_name, last_name, email, role, password_hash, credential, legacy_id)
	SELECT d.key, coalesce(d.username, o.username, ''),
		CASE WHEN d.username IS NULL THEN o.username_folded ELSE nullif(d.username_folded, '') END,
		coalesce(d.first_name, o.first_name, ''), coalesce(d.last_name, o.last_name, ''),
		coalesce(d.email, o.email, ''), coalesce(d.role, o.role, ''),
		coalesce(d.password_hash, o.password_hash, ''), coalesce(d.credential, o.credential, 0),
		CASE WHEN d.set_legacy THEN d.legacy_id ELSE o.legacy_id END
	FROM done d LEFT JOIN profiles o ON o.key = d.key WHERE NOT d.remove
	ON CONFLICT (key) DO UPDATE SET username = excluded.username, username_folded = excluded.username_folded,
		first_name = excluded.first_name, last_name = excluded.last_name, email = excluded.email, role = excluded.role,
		password_hash = excluded.password_hash, credential = excluded.credential, legacy_id = excluded.legacy_id
)` + logSQL

func join(lists ...[]column) (joined []column) {
	for _, list := range lists {
		joined = append(joined, list...)
	}
	return joined
}
