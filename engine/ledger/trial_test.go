package ledger

import (
	"testing"
	"time"
)

func TestArms(t *testing.T) {
	at := time.Date(2026, 11, 3, 10, 20, 0, 0, time.UTC)
	record := func(status int, cost Money, trial *Trial, chain ...Candidate) *Record {
		return &Record{Time: at, Status: status, Outcome: map[bool]string{true: "ok", false: "upstream_error"}[status == 200], Cost: cost, Trial: trial, Decision: &Decision{Chain: chain}}
	}
	was := Candidate{Cost: 3e6, Quality: .75}
	d := delta{}
	for _, r := range []*Record{
		record(200, 2e9, &Trial{ID: "a", Arm: ArmCanary}), record(500, 1e9, &Trial{ID: "a", Arm: ArmCanary}), record(200, 1e9, &Trial{ID: "a", Arm: ArmControl}),
		record(200, 0, &Trial{ID: "b", Arm: ArmShadow, Moved: true, Cost: 1e6, Quality: .5}, was), record(200, 0, &Trial{ID: "b", Arm: ArmShadow, Impossible: "no_eligible_model"}, was),
		record(200, 0, nil, was),
	} {
		d.add(r)
	}
	rollups := newRollups()
	rollups.apply(d)
	var w writer
	rollups.write(&w)
	r := reader{b: w.one, text: string(w.one), whole: cap(w.one)}
	again := newRollups()
	if again.read(&r); r.bad || len(r.b) > 0 {
		t.Fatal("what was written is not read")
	}
	l := &Ledger{rollups: again}
	a := l.Trial("a", at.Add(-time.Minute))
	if len(a) != 2 || *a[ArmCanary] != (Arm{Requests: 2, Failed: 1, Cost: 3e9, Squares: 5}) || *a[ArmControl] != (Arm{Requests: 1, Cost: 1e9, Squares: 1}) {
		t.Errorf("canary %+v, control %+v", a[ArmCanary], a[ArmControl])
	}
	b := l.Trial("b", at)
	if len(b) != 1 || *b[ArmShadow] != (Arm{Requests: 2, Moved: 1, Impossible: 1, Compared: 1, Before: 3e6, After: 1e6, BeforeIs: .75, AfterIs: .5}) {
		t.Errorf("shadow %+v", b[ArmShadow])
	}
	if old := l.Trial("a", at.Add(3*time.Hour)); len(old) != 0 {
		t.Errorf("before it began: %v", old)
	}
}
