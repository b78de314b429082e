// Go with fasthttp both ways and encoding/json.
package main

import (
	"encoding/json"
	"log"
	"os"

	"bench/peers/batch"

	"github.com/valyala/fasthttp"
)

type service struct {
	core   string
	client *fasthttp.Client
	tokens *batch.Tokens
}

func main() {
	s := &service{os.Getenv("CORE_URL"), &fasthttp.Client{MaxConnsPerHost: 256}, batch.NewTokens()}
	server := &fasthttp.Server{Handler: s.update, MaxRequestBodySize: 16 << 20}
	log.Fatal(server.ListenAndServe("127.0.0.1:" + os.Getenv("PORT")))
}

func (s *service) update(ctx *fasthttp.RequestCtx) {
	if string(ctx.Method()) != "PATCH" || string(ctx.Path()) != "/openapi/api/v1/actions" {
		answer(ctx, 404, batch.NewProblem(404, "not-found", 0, []any{}))
		return
	}
	if !s.tokens.Valid(string(ctx.Request.Header.Peek("Authorization"))) {
		ctx.Response.Header.Set("WWW-Authenticate", `Bearer realm="bench"`)
		answer(ctx, 401, batch.NewProblem(401, "unauthorized", 0, []any{}))
		return
	}
	items, errors := batch.Validate(ctx.PostBody())
	if len(errors) > 0 {
		answer(ctx, 400, batch.Invalid(errors))
		return
	}
	headers := batch.NewHeaders()
	status, content := batch.Aggregate(batch.Run(items, func(index int, item *batch.Item) batch.Result {
		return s.send(headers, index, item)
	}))
	answer(ctx, status, content)
}

func (s *service) send(headers batch.Headers, index int, item *batch.Item) batch.Result {
	call, reply := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(call)
	defer fasthttp.ReleaseResponse(reply)
	body, _ := json.Marshal(&item.Fields)
	call.Header.SetMethod("PATCH")
	call.SetRequestURI(s.core + "/actions/" + item.ID)
	call.Header.Set("Accept", "application/vnd.core.v1+json")
	call.Header.SetContentType("application/json")
	call.Header.Set("X-Request-ID", headers.RequestID)
	call.Header.Set("Traceparent", headers.Traceparent)
	call.Header.Set("Idempotency-Key", headers.RequestID+"-"+item.ID)
	call.SetBodyRaw(body)
	if err := s.client.Do(call, reply); err != nil {
		return batch.Read(index, item.ID, 0, nil)
	}
	return batch.Read(index, item.ID, reply.StatusCode(), reply.Body())
}

func answer(ctx *fasthttp.RequestCtx, status int, content any) {
	body, _ := json.Marshal(content)
	ctx.SetStatusCode(status)
	ctx.SetContentType("application/json")
	ctx.Response.SetBodyRaw(body)
}
