// Package postgres is the store of several nodes: PostgreSQL 14 or newer, by pgx, without an ORM.
package postgres
