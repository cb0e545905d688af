package pgtest

import "github.com/jackc/pgx/v5"

// Start is NewServer for a program that is not a test; Close ends the server and removes its data.
func Start(o Options) (*Server, error) { return newServer(o) }

// Close is for a server that Start made.
func (s *Server) Close() { s.remove() }

// Database makes an empty database, which goes with the server, and returns its URL.
func (s *Server) Database(name string) (string, error) {
	return s.base(name), execute(s.base("postgres"), "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
}
