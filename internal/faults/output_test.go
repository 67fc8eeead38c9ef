package faults_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
)

// outputFault is a way in which a body cannot be put away. It is made in a
// folder of its own, amid the body comes what amid does there.
type outputFault struct {
	name   string
	output func(t *testing.T, folder string) mtlshttp.Output
	amid   func(t *testing.T, folder string)
	reason string
	left   []string // in the folder; nil: nothing
}

func outputFaults() []outputFault {
	aFile := func(_ *testing.T, folder string) mtlshttp.Output {
		return mtlshttp.Output{File: filepath.Join(folder, "out")}
	}
	return []outputFault{
		{name: "the disk is full", reason: "disk-full", output: func(t *testing.T, _ string) mtlshttp.Output {
			full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
			if err != nil { // a system without that device
				return mtlshttp.Output{Writer: failing{&os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}}}
			}
			t.Cleanup(func() { _ = full.Close() })
			return mtlshttp.Output{Writer: full}
		}},
		{name: "EIO", reason: "output", output: func(*testing.T, string) mtlshttp.Output {
			return mtlshttp.Output{Writer: failing{&os.PathError{Op: "write", Path: "x", Err: syscall.EIO}}}
		}},
		{name: "EIO in a store", reason: "output", output: func(*testing.T, string) mtlshttp.Output {
			return mtlshttp.Output{Store: failing{&os.PathError{Op: "write", Path: "x", Err: syscall.EIO}}}
		}},
		{name: "a read-only disk", reason: "read-only", output: func(*testing.T, string) mtlshttp.Output {
			return mtlshttp.Output{Writer: failing{&os.PathError{Op: "open", Path: "x", Err: syscall.EROFS}}}
		}},
		{name: "a folder in which nothing can be made", output: func(t *testing.T, folder string) mtlshttp.Output {
			require.NoError(t, os.Chmod(folder, 0o500))
			t.Cleanup(func() { _ = os.Chmod(folder, 0o700) })
			if probe, err := os.Create(filepath.Join(folder, "probe")); err == nil { // whoever runs this may
				require.NoError(t, probe.Close())
				require.NoError(t, os.Remove(probe.Name()))
				folder = "/proc"
			}
			return mtlshttp.Output{File: filepath.Join(folder, "out")}
		}},
		{name: "the target becomes a folder", reason: "output", output: aFile, left: []string{"out"}, amid: func(t *testing.T, folder string) {
			assert.NoError(t, os.Mkdir(filepath.Join(folder, "out"), 0o700))
		}},
		{name: "the folder goes away", reason: "output", output: aFile, amid: func(t *testing.T, folder string) {
			assert.NoError(t, os.RemoveAll(folder))
		}},
	}
}

// failing is a writer or a store that fails in its own way.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
func (f failing) Put(_ context.Context, _ string, r io.Reader) (string, error) {
	_, _ = io.Copy(io.Discard, r)
	return "", f.err
}

// A body that comes and cannot be put away is told as a lack of this machine's,
// and leaves nothing behind. What can be seen before (a target that is a folder
// already) is a fault of the request, and nothing is sent.
func TestFaultsOfOutputs(t *testing.T) {
	nothingLeft(t)
	for _, f := range outputFaults() {
		for _, scheme := range []string{"http", "https"} {
			t.Run("FLT-58 "+f.name+" over "+scheme, func(t *testing.T) {
				folder := filepath.Join(t.TempDir(), "folder")
				require.NoError(t, os.Mkdir(folder, 0o700))
				l := newFaultLab(t, serveFaults(t, func(p *peer) {
					p.request()
					p.say(okLine + "Content-Length: 8\r\n\r\nhalf")
					if f.amid != nil {
						f.amid(t, folder)
					}
					p.say("half")
					for p.request() != nil {
						p.say(fine)
					}
				}))
				r := l.request(scheme + "://fault.test/body")
				r.Output = f.output(t, folder)
				resp, err := l.Do(t.Context(), r)
				e := failureOf(t, err)
				assert.Equal(t, mtlshttp.KindResource, e.Kind, "%v", err)
				if f.reason != "" {
					assert.Equal(t, f.reason, e.Reason)
				}
				assert.EqualValues(t, "body", e.Phase)
				if assert.NotNil(t, resp) {
					assert.Equal(t, 200, resp.StatusCode)
					assert.Nil(t, resp.Data)
				}
				l.nothingLeaked(resp, err, scheme)
				left, _ := os.ReadDir(folder)
				var names []string
				for _, entry := range left {
					names = append(names, entry.Name())
				}
				assert.Equal(t, strings.Join(f.left, " "), strings.Join(names, " "), "what is left in the folder")
			})
		}
	}
	t.Run("FLT-58 the target is a folder", func(t *testing.T) {
		l := newFaultLab(t, serveFaults(t))
		r := l.request("http://fault.test/body")
		r.Output.File = t.TempDir()
		resp, err := l.Do(t.Context(), r)
		assert.Equal(t, mtlshttp.KindConfig, failureOf(t, err).Kind)
		assert.Zero(t, l.dialed())
		l.nothingLeaked(resp, err, "http")
	})
}
