package load_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hotseat-hub/hotseat/bench/load"
)

func TestOnlyWhatBeganInTheMeasurementCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := load.NewRecorder()
		timer := r.Timer("reply")
		require.Same(t, timer, r.Timer("reply"))
		warm := time.Now()
		timer.Record(warm, warm.Add(time.Second))
		r.Fail("refused")
		time.Sleep(time.Second)
		r.Begin()
		timer.Record(warm, time.Now())
		require.Zero(t, timer.Count())
		require.Empty(t, r.Failures())
		timer.Record(time.Now(), time.Now().Add(time.Second))
		r.Fail("refused")
		require.EqualValues(t, 1, timer.Count())
		require.Equal(t, map[string]int{"refused": 1}, r.Failures())
	})
}

func TestARateIsPerSecondMeasuredWithoutThePauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := load.NewRecorder()
		timer := r.Timer("reply")
		r.Begin()
		for range 100 {
			timer.Record(time.Now(), time.Now().Add(time.Millisecond))
		}
		time.Sleep(500 * time.Millisecond)
		r.Pause()
		time.Sleep(500 * time.Millisecond)
		r.CloseWindow(map[string]float64{"sockets": 7})
		time.Sleep(time.Second)
		r.CloseWindow(nil)
		r.Resume()
		time.Sleep(time.Second)
		r.CloseWindow(map[string]float64{"late": 1})
		require.Equal(t, 1500*time.Millisecond, r.Active())

		s := r.Series()
		require.InDeltaSlice(t, []float64{1, 2, 3}, []float64(s.Seconds), 1e-9)
		require.InDelta(t, 200, s.Columns["reply rate"][0], 1e-9)
		require.True(t, math.IsNaN(s.Columns["reply rate"][1]), "nothing was measured in the pause")
		require.Zero(t, s.Columns["reply rate"][2])
		require.InEpsilon(t, 1, s.Columns["reply p99"][0], .01)
		require.True(t, math.IsNaN(s.Columns["late"][0]))
		require.True(t, math.IsNaN(s.Columns["sockets"][2]))

		text, err := json.Marshal(s)
		require.NoError(t, err)
		require.Contains(t, string(text), `"late":[null,null,1]`)
		var read load.Series
		require.NoError(t, json.Unmarshal(text, &read))
		require.True(t, math.IsNaN(read.Columns["late"][0]))
	})
}

func TestKindsOfFailuresAreBounded(t *testing.T) {
	r := load.NewRecorder()
	r.Begin()
	for i := range 1000 {
		r.Fail(fmt.Sprint(i))
	}
	require.Len(t, r.Failures(), 33)
	require.Equal(t, 968, r.Failures()[load.OtherFailures])
}
