package batch

import (
	"encoding/json"
	"sync"
)

const Concurrency = 32

// Result is what became of one item: an action or an error.
type Result struct {
	Action *Action
	Error  *ItemError
}

// ItemError says why one item was not updated.
type ItemError struct {
	Index     int                 `json:"index"`
	ActionID  string              `json:"actionId"`
	Status    int                 `json:"status"`
	Code      string              `json:"code"`
	Detail    string              `json:"detail"`
	Outcome   string              `json:"outcome"`
	Retryable bool                `json:"retryable"`
	Errors    map[string][]string `json:"errors,omitempty"`
}

// Problem is a problem document (RFC 9457).
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Total  int    `json:"errors_total"`
	Errors any    `json:"errors"`
}

// NewProblem builds a problem document.
func NewProblem(status int, kind string, total int, errors any) Problem {
	return Problem{"/problems/" + kind, kind, status, total, errors}
}

// Run sends every item, at most Concurrency at a time, and keeps the order.
func Run(items []Item, send func(index int, item *Item) Result) []Result {
	results := make([]Result, len(items))
	turns := make(chan int, len(items))
	for index := range items {
		turns <- index
	}
	close(turns)
	var working sync.WaitGroup
	for range min(Concurrency, len(items)) {
		working.Go(func() {
			for index := range turns {
				results[index] = send(index, &items[index])
			}
		})
	}
	working.Wait()
	return results
}

// Read translates one answer of the core.
func Read(index int, id string, status int, body []byte) Result {
	if status == 200 {
		answer := struct {
			Data legacyAction `json:"data"`
		}{newLegacyAction()}
		if json.Unmarshal(body, &answer) == nil {
			return Result{Action: answer.Data.public()}
		}
	}
	return Result{Error: itemError(index, id, status, body)}
}

func itemError(index int, id string, status int, body []byte) *ItemError {
	failed := &ItemError{Index: index, ActionID: id, Status: status, Code: "core_error", Outcome: "not_applied"}
	switch status {
	case 404:
		failed.Code = "not_found"
	case 400, 422:
		failed.Code = "rejected"
		var answer struct {
			Errors map[string][]string `json:"errors"`
		}
		_ = json.Unmarshal(body, &answer)
		failed.Errors = make(map[string][]string, len(answer.Errors))
		for name, texts := range answer.Errors {
			if public, renamed := publicNames[name]; renamed {
				name = public
			}
			failed.Errors[name] = texts
		}
	}
	failed.Detail = "Action " + id + ": " + failed.Code + "."
	return failed
}

// Aggregate gives status and body of the whole batch.
func Aggregate(results []Result) (int, any) {
	actions, errors := make([]*Action, 0, len(results)), []*ItemError{}
	codes := map[string]int{}
	for _, result := range results {
		if result.Error == nil {
			actions = append(actions, result.Action)
			continue
		}
		errors = append(errors, result.Error)
		codes[result.Error.Code]++
	}
	switch {
	case len(errors) == 0:
		return 200, map[string]any{"data": actions}
	case len(actions) > 0:
		return 207, map[string]any{"data": actions, "errors": errors}
	case codes["not_found"] == len(errors):
		return 404, NewProblem(404, "not-found", len(errors), errors)
	case codes["not_found"]+codes["rejected"] == len(errors):
		return 400, NewProblem(400, "core-rejected", len(errors), errors)
	}
	return 502, NewProblem(502, "core-failed", len(errors), errors)
}

// Invalid is the problem document of a batch that broke rules: 100 errors listed, all counted.
func Invalid(errors []FieldError) Problem {
	return NewProblem(400, "validation-failed", len(errors), errors[:min(100, len(errors))])
}
