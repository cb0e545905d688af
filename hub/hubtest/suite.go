package hubtest

import (
	"reflect"
	"testing"
)

// suite carries what the cases share. Its exported methods are the cases; their names are sentences.
type suite struct{ listen Listener }

// Run runs every case over an engine behind a listener.
func Run(t *testing.T, listen Listener) {
	s := reflect.ValueOf(suite{listen: listen})
	for i := range s.NumMethod() {
		name := s.Type().Method(i).Name
		if run, ok := s.Method(i).Interface().(func(*testing.T)); ok {
			t.Run(name, func(t *testing.T) {
				t.Parallel() // each starts a server of its own
				run(t)
			})
		}
	}
}
