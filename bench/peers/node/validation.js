// The rules of contract 1.2 as a JSON schema, and what a schema cannot say.
const MOMENT = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function isMoment(text) {
  const parts = MOMENT.exec(text);
  if (!parts) return false;
  const [, year, month, day, hour, minute, second] = parts.map(Number);
  return month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate()
    && hour < 24 && minute < 60 && second < 60;
}

export const formats = { moment: isMoment, uuid: UUID };

const texts = (maxLength, type = "object") => ({
  type, minProperties: 1, additionalProperties: false,
  properties: { en: { type: "string", maxLength }, fr: { type: "string", maxLength } },
});
const kind = { enum: ["validation", "link", "form", "todo", "schedule"] };
const moment = { type: ["string", "null"], format: "moment" };

export const batchSchema = {
  type: "object", additionalProperties: false, required: ["data"],
  properties: {
    data: {
      type: "array", minItems: 1, maxItems: 10_000,
      items: {
        type: "object", additionalProperties: false, required: ["actionId"], minProperties: 2,
        properties: {
          actionId: { type: ["string", "integer"], pattern: "^0*[1-9][0-9]*$", maxLength: 20, minimum: 1 },
          category_action: kind,
          type_action: kind,
          status: { enum: ["active", "inactive", "draft", "approved", "pending", "done"] },
          title: texts(255),
          subtitle: texts(255, ["object", "null"]),
          details: texts(10_000),
          partner_ids: { type: "array", minItems: 1, maxItems: 1000, uniqueItems: true, items: { type: "string", format: "uuid" } },
          effective_date: moment,
          due_date: moment,
          expires_at: moment,
        },
      },
    },
  },
};

function fieldError(index, actionId, field, detail) {
  return { index, actionId, field, code: "invalid", detail };
}

export function validationErrors(found) {
  return found.map(({ instancePath, params, message }) => {
    const [, , index, ...path] = instancePath.split("/");
    const last = params.additionalProperty ?? params.missingProperty;
    return fieldError(index === undefined ? null : Number(index), null, [...path, ...(last ? [last] : [])].join("."), message);
  });
}

// Normalises every id, and reports those that appear again.
export function repeats(items) {
  const seen = new Map(), errors = [];
  items.forEach((item, index) => {
    item.actionId = String(item.actionId).replace(/^0+/, "");
    const first = seen.get(item.actionId);
    if (first === undefined) seen.set(item.actionId, index);
    else errors.push(fieldError(index, item.actionId, "actionId", `Repeats item ${first}.`));
  });
  return errors;
}
