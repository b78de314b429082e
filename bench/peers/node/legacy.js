// Public and legacy words.
const STATES = { draft: 0, pending: 1, active: 2, approved: 3, done: 4, inactive: 9 };
const STATUSES = Object.fromEntries(Object.entries(STATES).map(([status, state]) => [state, status]));
const TIMES = { effective_date: "effective_at", due_date: "due_at", expires_at: "expires_at" };
const PUBLIC_TIMES = Object.fromEntries(Object.entries(TIMES).map(([name, legacy]) => [legacy, name]));

const seconds = (text) => (text === null ? null : Date.parse(`${text.slice(0, 10)}T${text.slice(11)}Z`) / 1000);
const moment = (value) => (value === null ? null : new Date(value * 1000).toISOString().slice(0, 19).replace("T", " "));

export const publicName = (legacy) => PUBLIC_TIMES[legacy] ?? legacy;

function writeTexts(name, texts, legacy) {
  if (texts === undefined) return;
  if (texts === null || texts.en !== undefined) legacy[`${name}_en`] = texts && texts.en;
  if (texts === null || texts.fr !== undefined) legacy[`${name}_fr`] = texts && texts.fr;
}

export function toLegacy(item) {
  const legacy = {};
  if (item.category_action !== undefined) legacy.category = item.category_action.toUpperCase();
  if (item.type_action !== undefined) legacy.type = item.type_action.toUpperCase();
  if (item.status !== undefined) legacy.state = STATES[item.status];
  writeTexts("title", item.title, legacy);
  writeTexts("subtitle", item.subtitle, legacy);
  writeTexts("details", item.details, legacy);
  if (item.partner_ids !== undefined) legacy.partners = item.partner_ids.join(",");
  if (item.effective_date !== undefined) legacy.effective_at = seconds(item.effective_date);
  if (item.due_date !== undefined) legacy.due_at = seconds(item.due_date);
  if (item.expires_at !== undefined) legacy.expires_at = seconds(item.expires_at);
  return legacy;
}

function readTexts(name, en, fr, item) {
  if (en === undefined && fr === undefined) return;
  if (en === null || fr === null) item[name] = null;
  else item[name] = { en, fr };
}

export function fromLegacy(data) {
  const item = { actionId: String(data.id) };
  if (data.category !== undefined) item.category_action = data.category.toLowerCase();
  if (data.type !== undefined) item.type_action = data.type.toLowerCase();
  if (data.state !== undefined) item.status = STATUSES[data.state];
  readTexts("title", data.title_en, data.title_fr, item);
  readTexts("subtitle", data.subtitle_en, data.subtitle_fr, item);
  readTexts("details", data.details_en, data.details_fr, item);
  if (data.partners !== undefined) item.partner_ids = data.partners.split(",");
  if (data.effective_at !== undefined) item.effective_date = moment(data.effective_at);
  if (data.due_at !== undefined) item.due_date = moment(data.due_at);
  if (data.expires_at !== undefined) item.expires_at = moment(data.expires_at);
  if (data.author !== undefined) item.author_id = data.author;
  return item;
}
