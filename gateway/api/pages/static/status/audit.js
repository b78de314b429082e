// The audit trail: recent batches, and what became of an item. Shown where the service keeps one.

import {element, text} from "./chart.js";

const POLL_SECONDS = 5;
const BATCH_COLUMNS = ["Time", "Principal", "Resource", "Items", "Seconds", "Request"];
const RECORD_COLUMNS = ["Time", "Principal", "Item", "Outcome", "Code", "Request"];

const outcomes = (items) => items.map(([, code, count]) => `${count} ${code}`).join(", ");
const batchRow = (batch) => [batch.time, batch.principal, batch.resource, outcomes(batch.items), batch.seconds, batch.request_id];
const recordRow = (record) => [record.time, record.principal, record.id, record.outcome, record.code, record.request_id];

export class Trail {
  constructor() {
    this.section = document.getElementById("trail");
    this.form = document.getElementById("find");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.find();
    });
  }

  // Called with each poll of the numbers, which say whether there is a trail.
  offer(isKept) {
    if (!isKept || !this.section.hidden) return;
    this.section.hidden = false;
    this.recent();
    setInterval(() => this.recent(), POLL_SECONDS * 1000);
  }

  async recent() {
    await this.fill("batches", "status/batches", BATCH_COLUMNS, batchRow, "No batch yet.");
  }

  async find() {
    const wish = new URLSearchParams([...new FormData(this.form)].filter(([, value]) => value));
    await this.fill("found", `status/audit?${wish}`, RECORD_COLUMNS, recordRow, "Nothing was found.");
  }

  async fill(id, path, columns, row, nothing) {
    const table = document.getElementById(id);
    try {
      const answer = await fetch(path, {cache: "no-store"});
      const {data, detail} = await answer.json();
      if (!answer.ok) throw new Error(detail);
      table.replaceChildren(data.length ? head(columns) : text("caption", nothing), ...data.map((each) => line("td", row(each))));
    } catch (error) {
      table.replaceChildren(text("caption", error.message));
    }
  }
}

function head(columns) {
  const made = element("thead");
  made.append(line("th", columns));
  return made;
}

function line(kind, values) {
  const made = element("tr");
  made.append(...values.map((value) => text(kind, String(value))));
  return made;
}
