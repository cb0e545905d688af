package cluster

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/session"
)

func named(names ...string) (members []Member) {
	for _, name := range names {
		members = append(members, Member{Boot: session.Node(name + "@1"), Name: name})
	}
	return members
}

const employees = 30_000

// owners counts employees whose ids differ at the end only, as real ones do.
func owners(p *Placement) map[string]int {
	count := map[string]int{}
	for i := range employees {
		m, _ := p.Owner(session.Key(fmt.Sprintf("employee-%06d", i)))
		count[m.Name]++
	}
	return count
}

func TestEmployeesAreSpreadEvenly(t *testing.T) {
	for _, names := range [][]string{{"a"}, {"a", "b"}, {"node-1", "node-2", "node-3"}, {"10.0.0.1-7", "10.0.0.2-7", "10.0.0.3-7", "10.0.0.4-7", "10.0.0.5-7"}} {
		count := owners(NewPlacement(named(names...)))
		for _, name := range names {
			require.InEpsilon(t, employees/len(names), count[name], 0.05, "%v", count)
		}
	}
}

func TestAMemberThatComesTakesOnlyItsShareAndALeaverGivesOnlyItsOwn(t *testing.T) {
	three, four := NewPlacement(named("a", "b", "c")), NewPlacement(named("a", "b", "c", "d"))
	moved := 0
	for i := range employees {
		key := session.Key(fmt.Sprintf("e%d", i))
		before, _ := three.Owner(key)
		after, _ := four.Owner(key)
		if before.Name != after.Name {
			require.Equal(t, "d", after.Name)
			moved++
		}
	}
	require.InEpsilon(t, employees/4, moved, 0.05)
}

func TestARestartedNodeGetsItsEmployeesBack(t *testing.T) {
	members := named("a", "b", "c")
	before := NewPlacement(members)
	members[1].Boot = "b@2"
	after := NewPlacement(members)
	for i := range 1000 {
		key := session.Key(fmt.Sprintf("e%d", i))
		m, _ := before.Owner(key)
		n, _ := after.Owner(key)
		require.Equal(t, m.Name, n.Name)
	}
}

func TestADrainingMemberOwnsNobodyUnlessAllDrain(t *testing.T) {
	members := named("a", "b", "c")
	members[0].Draining = true
	p := NewPlacement(members)
	require.Zero(t, owners(p)["a"])
	m, found := p.find("a@1")
	require.True(t, found, "its sockets are still there")
	require.True(t, m.Draining)
	for i := range members {
		members[i].Draining = true
	}
	require.Len(t, owners(NewPlacement(members)), 3)
	_, some := NewPlacement(nil).Owner("ada")
	require.False(t, some)
}
