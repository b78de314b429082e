package batch

import (
	"encoding/json"
	"strings"
	"time"
)

// null is sent to clear a value; a nil interface is left out.
var null = (*struct{})(nil)

// Legacy is the body of the core's PATCH.
type Legacy struct {
	Category    any `json:"category,omitempty"`
	Type        any `json:"type,omitempty"`
	State       any `json:"state,omitempty"`
	TitleEn     any `json:"title_en,omitempty"`
	TitleFr     any `json:"title_fr,omitempty"`
	SubtitleEn  any `json:"subtitle_en,omitempty"`
	SubtitleFr  any `json:"subtitle_fr,omitempty"`
	DetailsEn   any `json:"details_en,omitempty"`
	DetailsFr   any `json:"details_fr,omitempty"`
	Partners    any `json:"partners,omitempty"`
	EffectiveAt any `json:"effective_at,omitempty"`
	DueAt       any `json:"due_at,omitempty"`
	ExpiresAt   any `json:"expires_at,omitempty"`
}

// absent fills what may be null before an answer is decoded: a null replaces it, what is not sent leaves it.
var absent any = struct{}{}

type legacyAction struct {
	ID          json.Number `json:"id"`
	Author      any         `json:"author"`
	Category    *string     `json:"category"`
	Type        *string     `json:"type"`
	State       *int        `json:"state"`
	TitleEn     *string     `json:"title_en"`
	TitleFr     *string     `json:"title_fr"`
	SubtitleEn  any         `json:"subtitle_en"`
	SubtitleFr  any         `json:"subtitle_fr"`
	DetailsEn   *string     `json:"details_en"`
	DetailsFr   *string     `json:"details_fr"`
	Partners    *string     `json:"partners"`
	EffectiveAt any         `json:"effective_at"`
	DueAt       any         `json:"due_at"`
	ExpiresAt   any         `json:"expires_at"`
}

// Texts is a value in each language.
type Texts struct {
	En *string `json:"en,omitempty"`
	Fr *string `json:"fr,omitempty"`
}

// Action is the public action of an answer.
type Action struct {
	ActionID       string   `json:"actionId"`
	CategoryAction string   `json:"category_action,omitempty"`
	TypeAction     string   `json:"type_action,omitempty"`
	Status         string   `json:"status,omitempty"`
	Title          *Texts   `json:"title,omitempty"`
	Subtitle       any      `json:"subtitle,omitempty"`
	Details        *Texts   `json:"details,omitempty"`
	PartnerIDs     []string `json:"partner_ids,omitempty"`
	EffectiveDate  any      `json:"effective_date,omitempty"`
	DueDate        any      `json:"due_date,omitempty"`
	ExpiresAt      any      `json:"expires_at,omitempty"`
	AuthorID       any      `json:"author_id,omitempty"`
}

func newLegacyAction() legacyAction {
	return legacyAction{SubtitleEn: absent, SubtitleFr: absent, EffectiveAt: absent, DueAt: absent, ExpiresAt: absent}
}

var statuses = map[int]string{0: "draft", 1: "pending", 2: "active", 3: "approved", 4: "done", 9: "inactive"}

var publicNames = map[string]string{"effective_at": "effective_date", "due_at": "due_date"}

func (legacy *legacyAction) public() *Action {
	action := &Action{ActionID: legacy.ID.String(), AuthorID: legacy.Author}
	if legacy.Category != nil {
		action.CategoryAction = strings.ToLower(*legacy.Category)
	}
	if legacy.Type != nil {
		action.TypeAction = strings.ToLower(*legacy.Type)
	}
	if legacy.State != nil {
		action.Status = statuses[*legacy.State]
	}
	if legacy.Partners != nil {
		action.PartnerIDs = strings.Split(*legacy.Partners, ",")
	}
	action.Title = texts(legacy.TitleEn, legacy.TitleFr)
	action.Details = texts(legacy.DetailsEn, legacy.DetailsFr)
	en, isEn := legacy.SubtitleEn.(string)
	fr, isFr := legacy.SubtitleFr.(string)
	switch {
	case isEn && isFr:
		action.Subtitle = &Texts{&en, &fr}
	case isEn:
		action.Subtitle = &Texts{En: &en}
	case isFr:
		action.Subtitle = &Texts{Fr: &fr}
	case legacy.SubtitleEn == nil || legacy.SubtitleFr == nil:
		action.Subtitle = null
	}
	action.EffectiveDate = publicMoment(legacy.EffectiveAt)
	action.DueDate = publicMoment(legacy.DueAt)
	action.ExpiresAt = publicMoment(legacy.ExpiresAt)
	return action
}

func texts(en, fr *string) *Texts {
	if en == nil && fr == nil {
		return nil
	}
	return &Texts{en, fr}
}

func publicMoment(seconds any) any {
	switch value := seconds.(type) {
	case float64:
		return time.Unix(int64(value), 0).UTC().Format(moment)
	case nil:
		return null
	}
	return nil
}
