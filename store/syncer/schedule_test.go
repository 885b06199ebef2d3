package syncer_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"flightdeck/store/source"
	"flightdeck/store/storetest"
)

// gaps are the pauses between the runs of a source that is read every minute and always fails with err, in six hours.
func gaps(t *testing.T, err error) (out []time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		s := deals(func(context.Context, source.Request, int) (source.Page, error) { return source.Page{}, err })
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		e := engine(storetest.NewMemory(), s)
		go func() { _ = e.Run(ctx) }()
		time.Sleep(6 * time.Hour)
		s.mu.Lock()
		defer s.mu.Unlock()
		for i := 1; i < len(s.times); i++ {
			out = append(out, s.times[i].Sub(s.times[i-1]))
		}
	})
	return out
}

// What only a person can mend is tried less and less often, though the server answers and no breaker opens.
func TestRun_WhatAPersonMustMend(t *testing.T) {
	all := gaps(t, source.Setup(errors.New("404: no such list")))
	if len(all) < 15 || all[0] > 40*time.Second || all[len(all)-1] < 13*time.Minute || all[len(all)-1] > 17*time.Minute {
		t.Errorf("%d pauses: %v", len(all), all)
	}
}

// A refused password is not tried again for half an hour: accounts get locked.
func TestRun_RefusedCredentialIsLeftAlone(t *testing.T) {
	all := gaps(t, fmt.Errorf("401: %w", source.ErrAuth))
	if len(all) < 9 {
		t.Errorf("%d pauses", len(all))
	}
	for _, d := range all {
		if d < 27*time.Minute {
			t.Errorf("asked again after %s", d)
		}
	}
}

// A server's word holds between runs too, up to six hours of it.
func TestRun_ToldToWaitBetweenRuns(t *testing.T) {
	all := gaps(t, &source.RetryAfter{Wait: 100 * time.Minute, Err: errors.New("429")})
	if len(all) != 3 {
		t.Errorf("%v, want three pauses of a hundred minutes", all)
	}
	for _, d := range all {
		if d < 100*time.Minute || d > 112*time.Minute {
			t.Errorf("asked again after %s", d)
		}
	}
	if all := gaps(t, &source.RetryAfter{Wait: 1 << 62, Err: errors.New("429")}); len(all) > 1 || len(all) == 1 && all[0] < 6*time.Hour {
		t.Errorf("an absurd wait: %v, want six hours", all)
	}
}
