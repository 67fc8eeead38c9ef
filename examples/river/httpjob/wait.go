package httpjob

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/mtlshttp/mtlshttp/examples/internal/step"
)

// Wait waits for the end of a scenario and returns its results. The error is that
// of the last attempt of the job that ended it, a Failure's text.
func Wait(ctx context.Context, client *river.Client[pgx.Tx], keys *step.Keyring, scenario string) ([]Result, error) {
	ticker := time.NewTicker(250 * time.Millisecond)
	defer ticker.Stop()
	for {
		jobs, err := client.JobList(ctx, river.NewJobListParams().Kinds(Args{}.Kind()).TagsAll(scenario).
			OrderBy(river.JobListOrderByID, river.SortOrderDesc).First(1))
		if err != nil {
			return nil, err
		}
		if len(jobs.Jobs) == 1 {
			if results, over, err := outcome(jobs.Jobs[0], keys, scenario); over {
				return results, err
			}
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-ticker.C:
		}
	}
}

// outcome is that of the newest job of a scenario, if it is its end.
func outcome(job *rivertype.JobRow, keys *step.Keyring, scenario string) (results []Result, over bool, err error) {
	switch job.State {
	case rivertype.JobStateCompleted:
		output := job.Output()
		if output == nil {
			return nil, false, nil // it has handed on meanwhile
		}
		var sealed Sealed
		if err := json.Unmarshal(output, &sealed); err != nil {
			return nil, true, err
		}
		err := sealed.open(keys, scenario, &results)
		return results, true, err
	case rivertype.JobStateCancelled, rivertype.JobStateDiscarded:
		last := "without an error"
		if n := len(job.Errors); n > 0 {
			last = job.Errors[n-1].Error
		}
		return nil, true, fmt.Errorf("job %d is %s: %s", job.ID, job.State, last)
	}
	return nil, false, nil
}
