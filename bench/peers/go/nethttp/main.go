// Go with its standard library: net/http both ways and encoding/json.
package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"

	"bench/peers/batch"
)

type service struct {
	core   string
	client *http.Client
	tokens *batch.Tokens
}

func main() {
	transport := &http.Transport{MaxIdleConns: 256, MaxIdleConnsPerHost: 256, DisableCompression: true}
	s := &service{os.Getenv("CORE_URL"), &http.Client{Transport: transport}, batch.NewTokens()}
	http.HandleFunc("PATCH /openapi/api/v1/actions", s.update)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}

func (s *service) update(w http.ResponseWriter, r *http.Request) {
	if !s.tokens.Valid(r.Header.Get("Authorization")) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="bench"`)
		answer(w, 401, batch.NewProblem(401, "unauthorized", 0, []any{}))
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 16<<20))
	if err != nil {
		answer(w, 413, batch.NewProblem(413, "too-large", 0, []any{}))
		return
	}
	items, errors := batch.Validate(body)
	if len(errors) > 0 {
		answer(w, 400, batch.Invalid(errors))
		return
	}
	headers := batch.NewHeaders()
	status, content := batch.Aggregate(batch.Run(items, func(index int, item *batch.Item) batch.Result {
		return s.send(r, headers, index, item)
	}))
	answer(w, status, content)
}

func (s *service) send(r *http.Request, headers batch.Headers, index int, item *batch.Item) batch.Result {
	body, _ := json.Marshal(&item.Fields)
	call, err := http.NewRequestWithContext(r.Context(), "PATCH", s.core+"/actions/"+item.ID, bytes.NewReader(body))
	if err != nil {
		return batch.Read(index, item.ID, 0, nil)
	}
	call.Header.Set("Accept", "application/vnd.core.v1+json")
	call.Header.Set("Content-Type", "application/json")
	call.Header.Set("X-Request-ID", headers.RequestID)
	call.Header.Set("Traceparent", headers.Traceparent)
	call.Header.Set("Idempotency-Key", headers.RequestID+"-"+item.ID)
	reply, err := s.client.Do(call)
	if err != nil {
		return batch.Read(index, item.ID, 0, nil)
	}
	defer reply.Body.Close()
	content, _ := io.ReadAll(reply.Body)
	return batch.Read(index, item.ID, reply.StatusCode, content)
}

func answer(w http.ResponseWriter, status int, content any) {
	body, _ := json.Marshal(content)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
