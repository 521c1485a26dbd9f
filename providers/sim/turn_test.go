package sim

import "testing"

// TestInstructionsBehindTheUser: agents put their instructions behind what the user said, and a tool is called all the same.
func TestInstructionsBehindTheUser(t *testing.T) {
	t.Parallel()
	const tools = `"tools":[{"type":"function","function":{"name":"read"}}]`
	for messages, calls := range map[string]int{
		`[{"role":"user","content":"Read it."},{"role":"system","content":"Linux"}]`:                                                  1,
		`[{"role":"user","content":"Read it."},{"role":"tool","tool_call_id":"c","content":"x"},{"role":"system","content":"Linux"}]`: 0,
	} {
		r, problem := readRequest([]byte(`{"model":"m","messages":`+messages+`,`+tools+`}`), "")
		if problem != "" {
			t.Fatal(problem)
		}
		if got := r.called(); len(got) != calls {
			t.Errorf("%s: %d calls, want %d", messages, len(got), calls)
		}
	}
}
