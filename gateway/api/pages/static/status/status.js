// What the page shows: which numbers, in which charts.

import {Trail} from "./audit.js";
import {Chart, element, text} from "./chart.js";
import {
  attempts, byPartners, chunks, foremost, grown, hasJobs, jobOutcome, jobs, keysAge, level, outcome, percentiles, spent, status, workersIn,
} from "./numbers.js";
import {History, quantile, rate, sum} from "./series.js";
import {verdict} from "./verdict.js";

const POLL_SECONDS = 2;
const KEPT_SECONDS = 3600;
// Percentiles over a few polls together: one poll alone sees too few calls.
const SMOOTH_SECONDS = 16;

const count = (value) => String(value >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
const perSecond = (value) => `${count(value)}/s`;
const duration = (value) => (value >= 1 ? `${count(value)} s` : `${count(value * 1000)} ms`);
const percent = (value) => `${count(value * 100)} %`;

const CHARTS = [
  {
    title: "Items", note: "by outcome", format: perSecond, stacked: true,
    series: [
      {name: "applied", tone: "calm", of: outcome("applied")},
      {name: "not applied", tone: "warm", of: outcome("not_applied")},
      {name: "not sent", tone: "mute", of: outcome("not_sent")},
      {name: "unknown", tone: "hot", of: outcome("unknown")},
    ],
  },
  {
    title: "Failed items", note: "by code", format: perSecond, stacked: true,
    chosen: foremost([["gateway_items_total", "code", (labels) => labels.outcome !== "applied"]]),
  },
  {
    title: "Requests", note: "by status", format: perSecond, stacked: true,
    series: [
      {name: "2xx", tone: "calm", of: status((code) => code < 300 && code !== 207)},
      {name: "207", tone: "cool", of: status((code) => code === 207)},
      {name: "4xx", tone: "warm", of: status((code) => code >= 400 && code < 500)},
      {name: "5xx", tone: "hot", of: status((code) => code >= 500)},
    ],
  },
  {
    title: "Refusals", note: "by problem, of what is invalid by code", format: perSecond, stacked: true,
    chosen: foremost([
      ["gateway_problems_total", "type", (labels) => labels.type !== "validation-failed"],
      ["gateway_invalid_requests_total", "code", () => true],
    ]),
  },
  {title: "Batch time", note: "first call to last outcome, about", format: duration, smooth: true, series: percentiles("gateway_batch_duration_seconds")},
  {
    title: "Time spent", note: "of a batch, on average", format: duration, smooth: true, stacked: true,
    series: [
      {name: "core", tone: "calm", of: spent("core")},
      {name: "turns", tone: "warm", of: spent("turns")},
      {name: "repeats", tone: "hot", of: spent("repeats")},
      {name: "own", tone: "cool", of: spent("own")},
    ],
  },
  {title: "Core time", note: "one call, about", format: duration, smooth: true, series: percentiles("gateway_core_attempt_duration_seconds")},
  {
    title: "Core calls", note: "by result", format: perSecond, stacked: true,
    series: [
      {name: "2xx", tone: "calm", of: attempts((result) => result === "2xx")},
      {name: "3xx, 4xx", tone: "cool", of: attempts((result) => ["3xx", "4xx"].includes(result))},
      {name: "busy", tone: "warm", of: attempts((result) => result === "busy")},
      {name: "failed", tone: "hot", of: attempts((result) => !["2xx", "3xx", "4xx", "busy"].includes(result))},
    ],
  },
  {
    title: "Held back", note: "instead of sent at once", format: perSecond,
    series: [
      {name: "retries", tone: "warm", of: grown("gateway_core_retries_total")},
      {name: "circuit", tone: "hot", of: grown("gateway_core_refused_total")},
      {name: "shed", tone: "cool", of: grown("gateway_shed_total")},
      {name: "over rate", tone: "mute", of: grown("gateway_rate_limited_total")},
    ],
  },
  {
    title: "In flight", note: "calls to the core", format: count,
    series: [
      {name: "limit", tone: "mute", of: level("gateway_core_concurrency_limit")},
      {name: "in flight", tone: "calm", of: level("gateway_core_in_flight")},
    ],
  },
  {
    title: "Queue", note: "items not yet sent", format: count,
    series: [
      {name: "waiting", tone: "warm", of: level("gateway_core_waiting_items")},
      {name: "batches", tone: "cool", of: level("gateway_batches_in_flight")},
    ],
  },
];

// Below the others, from when there is a job worker or a job that has not ended.
const JOB_CHARTS = [
  {
    title: "Jobs", note: "by state", format: count, stacked: true,
    series: [
      {name: "running", tone: "calm", of: jobs("running")},
      {name: "queued", tone: "cool", of: jobs("queued")},
      {name: "uploading", tone: "mute", of: jobs("uploading")},
      {name: "paused", tone: "warm", of: jobs("paused")},
      {name: "cancelling", tone: "hot", of: jobs("cancelling")},
    ],
  },
  {
    title: "Chunks of jobs", note: "not yet done", format: count, stacked: true,
    series: [
      {name: "with a worker", tone: "calm", of: chunks("leased")},
      {name: "due", tone: "warm", of: chunks("due")},
    ],
  },
  {
    title: "Items of jobs", note: "by outcome", format: perSecond, stacked: true,
    series: [
      {name: "applied", tone: "calm", of: jobOutcome("applied")},
      {name: "failed", tone: "warm", of: jobOutcome("failed")},
      {name: "unknown", tone: "hot", of: jobOutcome("unknown")},
    ],
  },
];

const TILES = [
  ["Items", (now, before) => perSecond(rate(now, before, "gateway_items_total"))],
  ["Items that failed", (now, before) => share(rate(now, before, "gateway_items_total") - outcome("applied")(now, before), rate(now, before, "gateway_items_total"))],
  ["Requests", (now, before) => perSecond(rate(now, before, "gateway_requests_total", byPartners))],
  ["Batch p99", (now, before) => orDash(quantile(now, before, "gateway_batch_duration_seconds", 0.99), duration)],
  ["Circuit", (now) => circuit(now)],
  ["Keys' age", (now) => orDash(keysAge(now), duration)],
  ["CPU", (now, before) => percent(rate(now, before, "gateway_process_cpu_seconds_total"))],
  ["Memory", (now) => `${count(sum(now, "gateway_process_resident_memory_bytes") / 2 ** 20)} MiB`],
];

const JOB_TILES = [
  ["Job workers", (now) => count(sum(now, "gateway_job_workers"))],
  ["Chunks due for", (now) => duration(sum(now, "gateway_job_due_seconds"))],
  ["A job without progress for", (now) => duration(sum(now, "gateway_job_without_progress_seconds"))],
];

const orDash = (value, format) => (value === null ? "–" : format(value));
const share = (part, whole) => (whole > 0 ? percent(Math.max(0, part) / whole) : "–");
function circuit(now) {
  const workers = sum(now, "gateway_workers");
  for (const state of ["open", "half_open"]) {
    const there = workersIn(now, state);
    if (there) return `${state.replace("_", "-")} (${there} of ${workers})`;
  }
  return "closed";
}

class Page {
  constructor() {
    this.history = new History(KEPT_SECONDS);
    this.window = document.getElementById("window");
    this.window.addEventListener("change", () => this.draw());
    this.trail = new Trail();
    this.charts = [];
    this.tiles = [];
    this.add(CHARTS, TILES);
  }

  add(charts, tiles) {
    const added = charts.map((options) => [options, new Chart(options)]);
    document.getElementById("charts").append(...added.map(([, chart]) => chart.figure));
    this.charts.push(...added);
    this.tiles.push(...tiles);
  }

  // What the server has kept of the minutes before.
  async begin() {
    try {
      const answer = await fetch("status/history", {cache: "no-store"});
      for (const snapshot of (await answer.json()).snapshots) this.history.add(snapshot);
    } catch {
      // The page then begins now.
    }
    await this.poll();
    setInterval(() => this.poll(), POLL_SECONDS * 1000);
  }

  async poll() {
    try {
      const answer = await fetch("status/data", {cache: "no-store"});
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const now = await answer.json();
      this.trail.offer(now.audit);
      document.getElementById("hidden").hidden = !now.audit_hidden;
      this.history.add(now);
      this.draw();
    } catch (error) {
      this.say("hot", `No numbers: ${error.message}`);
    }
  }

  draw() {
    const {last, snapshots} = this.history;
    const before = this.history.before(snapshots.length - 1, SMOOTH_SECONDS);
    if (hasJobs(last) && !this.tiles.includes(JOB_TILES[0])) this.add(JOB_CHARTS, JOB_TILES);
    for (const [options, chart] of this.charts) this.show(options, chart, before);
    const tiles = this.tiles.map(([name, of]) => {
      const tile = element("div");
      tile.append(text("dt", name), text("dd", snapshots.length > 1 ? of(last, before) : "–"));
      return tile;
    });
    document.getElementById("tiles").replaceChildren(...tiles);
    this.say(...verdict(last, before, this.history.since(last.time - SMOOTH_SECONDS)));
    this.name(last);
  }

  // Where nobody points, the legend has the last seconds together: one poll alone may fall between two batches.
  show({series, chosen, smooth}, chart, before) {
    const {last} = this.history;
    const seconds = Number(this.window.value);
    const shown = series ?? chosen(last, this.history.since(last.time - seconds)[0]);
    const columns = shown.map(({of}) => this.history.points(of, smooth ? SMOOTH_SECONDS : 0, last.time - seconds));
    const rows = (columns[0] ?? []).map(([time], row) => [time, columns.map((column) => column[row][1])]);
    chart.show({series: shown, rows, seconds, end: last.time, present: shown.map(({of}) => of(last, before))});
  }

  say(tone, words) {
    const verdict = document.getElementById("verdict");
    verdict.className = `tone-${tone}`;
    verdict.textContent = words;
  }

  name(now) {
    const [labels] = now.samples.gateway_build_info?.[0] ?? [{}];
    const workers = sum(now, "gateway_workers");
    document.getElementById("build").textContent =
      `${labels.version ?? ""} · Python ${labels.python ?? ""} · ${workers} ${workers === 1 ? "worker" : "workers"}`;
  }
}

new Page().begin();
