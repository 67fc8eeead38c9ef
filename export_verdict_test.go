package mtlshttp

// VerdictRow is a row of the table of what may be tried again.
type VerdictRow struct{ Kind, Reason, Again, Why string }

// VerdictRows are all rows.
func VerdictRows() (rows []VerdictRow) {
	for _, v := range verdicts {
		rows = append(rows, VerdictRow{string(v.kind), v.reason, string(v.again), v.why})
	}
	return rows
}

// PassingStatuses are the statuses that are tried again, with the reason.
func PassingStatuses() map[int]string {
	all := map[int]string{}
	for _, s := range passingStatuses {
		all[s.status] = s.why
	}
	return all
}

// MayRepeat asks the code about a fault on the first hop, or on a later one.
func MayRepeat(kind, reason string, earlier, unsent, repeatable bool) bool {
	state := &hopState{earlier: earlier, repeatable: earlier && repeatable}
	return state.mayRepeat(&Error{Kind: Kind(kind), Reason: reason}, unsent)
}
