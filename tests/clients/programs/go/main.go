// The client of openapi-generator for Go: every answer as the types that it made.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"

	"partner/client"
)

type row []any

var api = client.NewAPIClient(&client.Configuration{
	DefaultHeader: map[string]string{},
	Servers:       client.ServerConfigurations{{URL: os.Getenv("GATEWAY")}},
})

func send(dryRun bool, ids ...string) (*client.ActionBatchAnswer, *http.Response, error) {
	var items []client.ActionUpdate
	for _, id := range ids {
		item := client.NewActionUpdate(client.ActionId{String: &id})
		item.SetStatus(client.DONE)
		item.SetDueDate("2024-01-10 06:51:15")
		items = append(items, *item)
	}
	with := context.WithValue(context.Background(), client.ContextAccessToken, os.Getenv("TOKEN"))
	request := api.ActionsAPI.UpdateActions(with).ActionBatch(*client.NewActionBatch(items))
	return request.DryRun(dryRun).Execute()
}

func update(dryRun bool, ids ...string) (*client.ActionBatchAnswer, int) {
	answer, response, err := send(dryRun, ids...)
	if err != nil {
		panic(err)
	}
	return answer, response.StatusCode
}

func refused(ids ...string) map[string]any {
	_, response, err := send(false, ids...)
	var said *client.GenericOpenAPIError
	if !errors.As(err, &said) {
		panic(fmt.Sprint("not refused: ", err))
	}
	problem, ok := said.Model().(client.Problem)
	if !ok {
		panic(fmt.Sprint("no problem: ", err))
	}
	found := []row{}
	for _, e := range problem.Errors {
		found = append(found, row{e.Index.Get(), e.ActionId.Get(), e.Code, e.Field.Get(), e.Outcome, e.Retryable})
	}
	kind := problem.Type[strings.LastIndex(problem.Type, "/")+1:]
	return map[string]any{"code": response.StatusCode, "type": kind, "errors": found}
}

func main() {
	one, code := update(false, "19000")
	some, someCode := update(false, "19000", "90404")
	dry, dryCode := update(true, "19000", "19001")
	action, ids, failed := one.Data[0], []string{}, []row{}
	for _, a := range some.Data {
		ids = append(ids, a.ActionId)
	}
	for _, e := range some.Errors {
		failed = append(failed, row{e.Index.Get(), e.ActionId, e.Code, e.Outcome, e.Retryable})
	}
	var many []string
	for n := range 10 {
		many = append(many, strconv.Itoa(19000+n))
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"updated": row{code, action.ActionId, action.GetStatus(), action.GetDueDate()},
		"partly":  row{someCode, ids, failed},
		"dry_run": row{dryCode, len(dry.Data), dry.GetValidated()},
		"invalid": refused("19000", "19000"),
		"missing": refused("90404"),
		"limited": refused(many...),
	})
}
