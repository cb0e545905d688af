package e2e

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// imported is how many employees are imported; `make bench-import` asks for a million.
var imported = flag.Int("imported", 50_000, "employees of the import test")

// The memory that an import may take of the process, whatever its length and however fast it is: as much
// garbage as a small heap may hold before it is collected (see cmd/hotseat/headroom.go). All of it counts,
// as the embedded store maps no file but a small index.
const importMemory = 128 << 20

// The second time everybody is there already.
func TestAnImportOfManyEmployeesTakesBoundedMemoryAndKeepsNobodyInIt(t *testing.T) {
	s := start(t, embedded(t))
	before := s.memory()
	for _, want := range []importReport{
		{Lines: *imported, Created: *imported},
		{Lines: *imported, Updated: *imported},
	} {
		began := time.Now()
		require.Equal(t, want, s.importMany(*imported))
		grown := s.memory() - before
		t.Logf("%d lines in %.1f s: %d MiB more at the most", *imported, time.Since(began).Seconds(), grown>>20)
		require.Less(t, grown, importMemory)
		require.Eventually(t, func() bool {
			return strings.Contains(string(s.probe("/metrics").body), "\nhotseat_employees 0\n")
		}, patience, 5*time.Millisecond, "somebody is still in memory")
	}
}

type importReport struct{ Lines, Created, Updated, Failed int }

// importMany streams that many employees, none of whom this test holds in memory either.
func (s *server) importMany(count int) (report importReport) {
	s.t.Helper()
	read, write := io.Pipe()
	go func() {
		lines := bufio.NewWriterSize(write, 1<<16)
		for i := range count {
			fmt.Fprintf(lines, `{"employee_id":"e-%07d","username":"user-%d","first_name":"First","last_name":"Last","email":"e%d@shop.example","role":"cashier","password_hash":"pbkdf2_sha256$600000$seasalt$mQnueSakb748zqBAC1tmWVZsZbi2zPGZarEzTGdfmso="}`+"\n", i, i, i)
		}
		_ = lines.Flush()
		_ = write.Close()
	}()
	request, err := http.NewRequest("POST", "http://"+s.listen+"/v1/admin/employees/import", read)
	require.NoError(s.t, err)
	request.Header = http.Header{"Content-Type": {"application/x-ndjson"}, "Authorization": {"Bearer " + adminKey}}
	a := receive((&http.Client{}).Do(request))
	require.NoError(s.t, a.err)
	require.Equal(s.t, 200, a.status, "%s", a.body)
	require.NoError(s.t, json.Unmarshal(a.body, &report))
	return report
}

// memory is the most that the process has had resident.
func (s *server) memory() int {
	s.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.Process.Pid))
	require.NoError(s.t, err)
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	fields := strings.Fields(rest)
	require.NotEmpty(s.t, fields)
	kib, err := strconv.Atoi(fields[0])
	require.NoError(s.t, err)
	return kib << 10
}
