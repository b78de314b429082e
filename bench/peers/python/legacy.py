"""Public and legacy words, and the answer of a batch: what all Python peers share."""

import uuid
from datetime import datetime, timedelta

EPOCH = datetime(1970, 1, 1)
STATES = {"draft": 0, "pending": 1, "active": 2, "approved": 3, "done": 4, "inactive": 9}
STATUSES = {state: status for status, state in STATES.items()}
TEXTS = ("title", "subtitle", "details")
TIMES = {"effective_date": "effective_at", "due_date": "due_at", "expires_at": "expires_at"}
PUBLIC_TIMES = {legacy: public for public, legacy in TIMES.items()}
LANGUAGES = ("en", "fr")


def to_legacy(item):
    legacy = {}
    for name, value in item.items():
        if name in TEXTS:
            for language in LANGUAGES if value is None else value:
                legacy[f"{name}_{language}"] = value and value[language]
        elif name in TIMES:
            legacy[TIMES[name]] = value and int((datetime.fromisoformat(value) - EPOCH).total_seconds())
        elif name == "status":
            legacy["state"] = STATES[value]
        elif name == "category_action":
            legacy["category"] = value.upper()
        elif name == "type_action":
            legacy["type"] = value.upper()
        elif name == "partner_ids":
            legacy["partners"] = ",".join(value)
    return legacy


def from_legacy(data):
    item = {"actionId": str(data["id"])}
    for name, value in data.items():
        if name in PUBLIC_TIMES:
            item[PUBLIC_TIMES[name]] = None if value is None else str(EPOCH + timedelta(seconds=value))
        elif name == "state":
            item["status"] = STATUSES[value]
        elif name == "category":
            item["category_action"] = value.lower()
        elif name == "type":
            item["type_action"] = value.lower()
        elif name == "partners":
            item["partner_ids"] = value.split(",")
        elif name == "author":
            item["author_id"] = value
        elif name != "id":
            _read_text(name, value, item)
    return item


def _read_text(name, value, item):
    name, _, language = name.rpartition("_")
    if value is None:
        item.setdefault(name, None)
    else:
        texts = item.setdefault(name, {})
        texts[language] = value


def call_headers(request_id):
    return {
        "Accept": "application/vnd.core.v1+json",
        "Content-Type": "application/json",
        "X-Request-ID": request_id,
        "traceparent": f"00-{uuid.uuid4().hex}-{request_id[:16]}-00",
    }


def item_error(index, action_id, status, body):
    code = {404: "not_found", 400: "rejected", 422: "rejected"}.get(status, "core_error")
    error = {"index": index, "actionId": action_id, "status": status, "code": code,
             "detail": f"Action {action_id}: {code}.", "outcome": "not_applied", "retryable": False}  # fmt: skip
    if code == "rejected":
        error["errors"] = {PUBLIC_TIMES.get(name, name): texts for name, texts in body["errors"].items()}
    return error


def aggregate(results):
    """Results in input order, each ``(True, action)`` or ``(False, item error)``: status and body of the answer."""
    actions = [value for done, value in results if done]
    errors = [value for done, value in results if not done]
    if not errors:
        return 200, {"data": actions}
    if actions:
        return 207, {"data": actions, "errors": errors}
    codes = {error["code"] for error in errors}
    if codes == {"not_found"}:
        return 404, problem(404, "not-found", errors)
    if codes <= {"not_found", "rejected"}:
        return 400, problem(400, "core-rejected", errors)
    return 502, problem(502, "core-failed", errors)


def problem(status, kind, errors=()):
    return {"type": f"/problems/{kind}", "title": kind, "status": status, "errors_total": len(errors),
            "errors": list(errors)}  # fmt: skip


def validation_problem(errors):
    return problem(400, "validation-failed", errors) | {"errors": errors[:100]}


def repeats(items):
    """An error for each action that appears again; ``items`` are ``(index, normalised id)``."""
    seen, errors = {}, []
    for index, action_id in items:
        if action_id in seen:
            errors.append(field_error(index, action_id, "actionId", f"Repeats item {seen[action_id]}."))
        seen.setdefault(action_id, index)
    return errors


def field_error(index, action_id, field, detail):
    return {"index": index, "actionId": action_id, "field": field, "code": "invalid", "detail": detail}
