package mtlshttp

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/filestate"
	"github.com/mtlshttp/mtlshttp/internal/keyfile"
)

// readAttempts is how often files are read that change meanwhile, before the
// reading is given up.
const readAttempts = 8

// fileEntry keeps what files hold in step with the files. What it holds is
// replaced as a whole, and only by what can be used.
type fileEntry struct {
	files *CredentialFiles
	tell  func(error)

	inForce atomic.Pointer[holding] // nil: nothing was ever good

	turn chan struct{}     // one caller looks at a time; the rest is its own
	seen []filestate.Stamp // the state that was last read; nil: none
	err  error             // what was wrong with it
	sure bool              // a further change would show in the stamps
	told string            // what tell was told last, since the last good state
}

func newFileEntry(f *CredentialFiles, tell func(error)) *fileEntry {
	return &fileEntry{files: f, tell: tell, turn: make(chan struct{}, 1)}
}

// hold returns what the files hold, having looked whether they have changed. A
// caller does not wait for another one's look unless there is nothing yet.
func (e *fileEntry) hold(ctx context.Context) (*holding, error) {
	if h := e.inForce.Load(); h != nil {
		select {
		case e.turn <- struct{}{}:
		default:
			return h, nil
		}
	} else {
		select {
		case e.turn <- struct{}{}:
		case <-ctx.Done():
			return nil, interrupted(ctx, phaseResolve)
		}
	}
	defer func() { <-e.turn }()
	err := e.look(ctx)
	if h := e.inForce.Load(); h != nil {
		return h, nil
	}
	return nil, err
}

// look reads the files where that has not been done since they changed, and
// puts what they hold in force where it can be used.
func (e *fileEntry) look(ctx context.Context) error {
	if e.sure && filestate.Same(e.files.set().Stamps(), e.seen) {
		return e.err
	}
	begun := time.Now()
	state, stamps, err := e.read(ctx)
	e.seen, e.sure = stamps, err == nil
	for _, s := range stamps {
		e.sure = e.sure && s.Settled(begun)
	}
	var h *holding
	if err == nil {
		h, err = e.files.open(ctx, state)
		state.wipe()
	}
	if err == nil {
		err = e.takesPlaceOf(h)
	}
	if ended := interrupted(ctx, phaseResolve); ended != nil && err != nil {
		e.sure = false // it says nothing about the files
		return ended
	}
	if e.err = err; err != nil && e.files.Signer != nil {
		e.sure = false // the fault may be the signer's, and pass
	}
	if err == nil {
		e.told = ""
		e.inForce.Store(h)
		return nil
	}
	if e.inForce.Load() != nil && e.told != err.Error() {
		e.told = err.Error()
		e.tell(err)
	}
	return err
}

// read reads the files until nothing changed meanwhile, so that what comes out
// is one state of them.
func (e *fileEntry) read(ctx context.Context) (*contents, []filestate.Stamp, error) {
	for attempt := range readAttempts {
		if state, stamps, err := e.files.read(); stamps != nil {
			return state, stamps, err
		}
		select {
		case <-ctx.Done():
			return nil, nil, interrupted(ctx, phaseResolve)
		case <-time.After(time.Duration(attempt) * time.Millisecond):
		}
	}
	return nil, nil, fault(KindConfig, "keychain", "file", "%s keeps changing while it is read", e.files)
}

// takesPlaceOf refuses that a credential gives way to certificates alone, as
// where the key's file is not there yet.
func (e *fileEntry) takesPlaceOf(h *holding) error {
	if old := e.inForce.Load(); h.credential != nil || old == nil || old.credential == nil {
		return nil
	}
	if h.missing != nil {
		return h.missing
	}
	return fault(KindConfig, "keychain", string(keyfile.NoCredential), "%s holds no credential any more", e.files)
}
