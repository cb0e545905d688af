package graphql

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/hotseat-hub/hotseat/api/graphql/generated"
)

// What an operation may cost. The schema is three fields deep, and the largest sensible query asks
// for everything once.
const (
	maxTokens     = 1000
	maxDepth      = 6
	maxComplexity = 200
	// maxComplexityShown is for servers that show their schema: tools ask for all of it at once.
	maxComplexityShown = 2000

	costOfLogin   = 40 // a password is hashed: no more than four in one request
	costOfCommand = 10
	rowsOfAList   = 5
)

// costs is what the fields cost that do more than read what is there.
func costs() (c generated.ComplexityRoot) {
	c.Mutation.Login = func(children int, _, _ string) int { return costOfLogin + children }
	c.Mutation.Logout = func(children int, _ string) int { return costOfCommand + children }
	c.Mutation.EndSession = func(children int, _ string) int { return costOfCommand + children }
	c.Query.Sessions = func(children int) int { return rowsOfAList * children }
	c.Subscription.SessionEvents = func(children int) int { return costOfCommand + children }
	return c
}

// depthLimit refuses an operation whose fields are nested too deeply.
type depthLimit struct{ introspection bool }

var _ graphql.OperationContextMutator = depthLimit{}

// ExtensionName implements graphql.HandlerExtension.
func (depthLimit) ExtensionName() string { return "DepthLimit" }

// Validate implements graphql.HandlerExtension.
func (depthLimit) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext implements graphql.OperationContextMutator.
func (d depthLimit) MutateOperationContext(_ context.Context, op *graphql.OperationContext) *gqlerror.Error {
	if d.within(op.Operation.SelectionSet, maxDepth) {
		return nil
	}
	err := gqlerror.Errorf("fields are nested more than %d deep", maxDepth)
	errcode.Set(err, "DEPTH_LIMIT_EXCEEDED")
	return err
}

// within ends because validation has refused fragments that contain themselves.
func (d depthLimit) within(set ast.SelectionSet, left int) bool {
	for _, one := range set {
		fits := true
		switch one := one.(type) {
		case *ast.Field:
			if d.introspection && (one.Name == "__schema" || one.Name == "__type") {
				continue // types are named by types: tools need a dozen levels
			}
			fits = left > 0 && d.within(one.SelectionSet, left-1)
		case *ast.InlineFragment:
			fits = d.within(one.SelectionSet, left)
		case *ast.FragmentSpread:
			fits = d.within(one.Definition.SelectionSet, left)
		}
		if !fits {
			return false
		}
	}
	return true
}
