// Package batch is the work both Go peers share: validation, translation, the token check and the answer.
package batch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const MaxItems = 10000

var (
	kinds  = map[string]string{"validation": "VALIDATION", "link": "LINK", "form": "FORM", "todo": "TODO", "schedule": "SCHEDULE"}
	states = map[string]int{"draft": 0, "pending": 1, "active": 2, "approved": 3, "done": 4, "inactive": 9}
)

const moment = "2006-01-02 15:04:05"

// Item is a validated action, ready to be sent.
type Item struct {
	ID     string
	Fields Legacy
}

// FieldError is one rule broken by one item.
type FieldError struct {
	Index    *int    `json:"index"`
	ActionID *string `json:"actionId"`
	Field    string  `json:"field"`
	Code     string  `json:"code"`
	Detail   string  `json:"detail"`
}

// Validate decodes a batch and reports every error of every item.
func Validate(body []byte) ([]Item, []FieldError) {
	var batch struct {
		Data []map[string]any `json:"data"`
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	decoder.DisallowUnknownFields()
	if decoder.Decode(&batch) != nil || decoder.More() || len(batch.Data) == 0 || len(batch.Data) > MaxItems {
		return nil, []FieldError{{Field: "data", Code: "invalid", Detail: "Expected an array of actions and nothing else."}}
	}
	data := batch.Data
	checked := checker{items: make([]Item, len(data)), seen: make(map[string]int, len(data))}
	for index, fields := range data {
		checked.item(index, fields)
	}
	return checked.items, checked.errors
}

type checker struct {
	items  []Item
	errors []FieldError
	seen   map[string]int
	index  int
}

func (c *checker) fail(field, detail string) {
	index := c.index
	failed := FieldError{Index: &index, Field: field, Code: "invalid", Detail: detail}
	if id := c.items[index].ID; id != "" {
		failed.ActionID = &id
	}
	c.errors = append(c.errors, failed)
}

func (c *checker) item(index int, fields map[string]any) {
	c.index = index
	item := &c.items[index]
	id, present := fields["actionId"]
	if item.ID = normalise(id); item.ID == "" {
		if present {
			c.fail("actionId", "Must be 1 to 20 digits.")
		} else {
			c.fail("actionId", "Missing.")
		}
	} else if first, repeated := c.seen[item.ID]; repeated {
		c.fail("actionId", fmt.Sprintf("Repeats item %d.", first))
	} else {
		c.seen[item.ID] = index
	}
	if present && len(fields) < 2 {
		c.fail("", "Nothing to update.")
	}
	for name, value := range fields {
		c.field(name, value, &item.Fields)
	}
}

func (c *checker) field(name string, value any, legacy *Legacy) {
	switch name {
	case "actionId":
	case "category_action":
		legacy.Category = c.kind(name, value)
	case "type_action":
		legacy.Type = c.kind(name, value)
	case "status":
		text, _ := value.(string)
		state, known := states[text]
		if !known {
			c.fail(name, "Must be one of: active, inactive, draft, approved, pending, done.")
		}
		legacy.State = state
	case "title":
		c.texts(name, value, 255, false, &legacy.TitleEn, &legacy.TitleFr)
	case "subtitle":
		c.texts(name, value, 255, true, &legacy.SubtitleEn, &legacy.SubtitleFr)
	case "details":
		c.texts(name, value, 10000, false, &legacy.DetailsEn, &legacy.DetailsFr)
	case "partner_ids":
		legacy.Partners = c.partners(name, value)
	case "effective_date":
		legacy.EffectiveAt = c.moment(name, value)
	case "due_date":
		legacy.DueAt = c.moment(name, value)
	case "expires_at":
		legacy.ExpiresAt = c.moment(name, value)
	default:
		c.fail(name, "Unknown field.")
	}
}

func (c *checker) kind(name string, value any) any {
	text, _ := value.(string)
	kind, known := kinds[text]
	if !known {
		c.fail(name, "Must be one of: validation, link, form, todo, schedule.")
	}
	return kind
}

func (c *checker) texts(name string, value any, longest int, nullable bool, en, fr *any) {
	if value == nil && nullable {
		*en, *fr = null, null
		return
	}
	texts, isObject := value.(map[string]any)
	if !isObject || len(texts) == 0 {
		c.fail(name, "Must be an object with at least one language.")
		return
	}
	for language, value := range texts {
		text, isText := value.(string)
		switch {
		case language != "en" && language != "fr":
			c.fail(name+"."+language, "Unknown language.")
		case !isText || utf8.RuneCountInString(text) > longest:
			c.fail(name+"."+language, "Must be text of at most "+strconv.Itoa(longest)+" characters.")
		case language == "en":
			*en = text
		default:
			*fr = text
		}
	}
}

func (c *checker) partners(name string, value any) any {
	values, isArray := value.([]any)
	if !isArray || len(values) == 0 || len(values) > 1000 {
		c.fail(name, "Must be an array of 1 to 1000 UUIDs.")
		return nil
	}
	partners, seen := make([]string, len(values)), make(map[string]bool, len(values))
	for i, value := range values {
		partner, _ := value.(string)
		if !isUUID(partner) {
			c.fail(name+"."+strconv.Itoa(i), "Must be a UUID.")
		} else if seen[partner] {
			c.fail(name, "Must not repeat.")
		}
		partners[i], seen[partner] = partner, true
	}
	return strings.Join(partners, ",")
}

func (c *checker) moment(name string, value any) any {
	if value == nil {
		return null
	}
	text, _ := value.(string)
	parsed, err := time.Parse(moment, text)
	if err != nil || len(text) != len(moment) {
		c.fail(name, "Must be YYYY-MM-DD HH:MM:SS.")
	}
	return parsed.Unix()
}

func normalise(value any) string {
	var text string
	switch id := value.(type) {
	case string:
		text = id
	case json.Number:
		text = id.String()
	}
	if text == "" || len(text) > 20 || strings.Trim(text, "0123456789") != "" {
		return ""
	}
	return strings.TrimLeft(text, "0")
}

func isUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		c := text[i]
		isDash := i == 8 || i == 13 || i == 18 || i == 23
		isHex := '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
		if isDash != (c == '-') || !isDash && !isHex {
			return false
		}
	}
	return true
}
