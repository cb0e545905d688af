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

	"github.com/stretchr/testify/require"
)

// imported is how many employees are imported; `make bench-import` asks for a million.
var imported = flag.Int("imported", 50_000, "employees of the import test")

// The memory that an import may take of the process, whatever its length: the collector's headroom,
// and the employees of the last two minutes, who are still awake.
const importMemory = 400 << 20

func TestAnImportOfManyEmployeesTakesBoundedMemory(t *testing.T) {
	s := start(t, embedded(t))
	before := s.memory()
	read, write := io.Pipe()
	go func() {
		lines := bufio.NewWriterSize(write, 1<<16)
		for i := range *imported {
			fmt.Fprintf(lines, `{"employee_id":"e-%07d","username":"user-%d","first_name":"First","last_name":"Last","email":"e%d@shop.example","role":"cashier","password_hash":"pbkdf2_sha256$600000$seasalt$mQnueSakb748zqBAC1tmWVZsZbi2zPGZarEzTGdfmso="}`+"\n", i, i, i)
		}
		_ = lines.Flush()
		_ = write.Close()
	}()
	request, err := http.NewRequest("POST", "http://"+s.listen+"/v1/admin/employees/import", read)
	require.NoError(t, err)
	request.Header = http.Header{"Content-Type": {"application/x-ndjson"}, "Authorization": {"Bearer " + adminKey}}
	a := receive((&http.Client{}).Do(request))
	require.NoError(t, a.err)
	require.Equal(t, 200, a.status, "%s", a.body)
	var report struct{ Lines, Created, Failed int }
	require.NoError(t, json.Unmarshal(a.body, &report))
	require.Equal(t, *imported, report.Created, "%s", a.body)
	grown := s.memory() - before
	t.Logf("%d employees: %d MiB more at the most", *imported, grown>>20)
	require.Less(t, grown, importMemory)
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
