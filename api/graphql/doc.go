// Package graphql answers /graphql: the original's login and logout, and what an employee may see and
// do beside them, by POST, by GET for queries, as server-sent events, and over graphql-transport-ws.
//
// The main type is Server. What its fields do is asked of a Backend, one per request.
//
// Promise: no query costs more than its limits in bytes, tokens, depth and complexity; nothing but a
// query comes in by GET; a list of operations is refused, so that every login of a request is one
// that the Backend sees and counts; the schema is shown only where that was asked for. What a client
// sent is repeated in no log.
//
// Next: schema.graphqls says what there is, limits.go what it may cost, resolvers.go who is asked,
// socket.go the WebSocket protocol; generated has the code that walks a query.
package graphql
