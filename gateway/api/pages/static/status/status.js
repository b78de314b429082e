// What the page shows: which numbers, in which charts, and when somebody should look.

import {Trail} from "./audit.js";
import {Chart, element, text} from "./chart.js";
import {History, quantile, rate, sum} from "./series.js";

const POLL_SECONDS = 2;
const WINDOW_SECONDS = 300;
// Percentiles over a few polls together: one poll alone sees too few calls.
const SMOOTH_SECONDS = 16;

const count = (value) => String(value >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
const perSecond = (value) => `${count(value)}/s`;
const duration = (value) => (value >= 1 ? `${count(value)} s` : `${count(value * 1000)} ms`);
const percent = (value) => `${count(value * 100)} %`;

// Asked by probes, scrapers and this page itself: not what partners do.
const OPERATORS = new Set(["/livez", "/readyz", "/metrics", "/status", "/status/<name>", "/status/data", "/status/history", "/status/batches", "/status/audit"]);
const byPartners = (labels) => !OPERATORS.has(labels.route);

const outcome = (name) => (now, before) => rate(now, before, "gateway_items_total", (labels) => labels.outcome === name);
const status = (test) => (now, before) => rate(now, before, "gateway_requests_total", (labels) => byPartners(labels) && test(Number(labels.status)));
const attempts = (test) => (now, before) => rate(now, before, "gateway_core_attempts_total", (labels) => test(labels.result));
const grown = (name) => (now, before) => rate(now, before, name);
const level = (name) => (now) => sum(now, name);
const jobs = (state) => (now) => sum(now, "gateway_jobs", (labels) => labels.state === state);
const chunks = (state) => (now) => sum(now, "gateway_job_chunks", (labels) => labels.state === state);
const jobOutcome = (name) => (now, before) => rate(now, before, "gateway_job_items", (labels) => labels.outcome === name);
const spent = (part) => (now, before) => {
  const batches = rate(now, before, "gateway_batches_total");
  return batches ? rate(now, before, "gateway_batch_seconds_total", (labels) => labels.part === part) / batches : null;
};
const percentile = (name, q) => (now, before) => quantile(now, before, name, q);
const percentiles = (name) => [
  {name: "p50", tone: "calm", of: percentile(name, 0.5)},
  {name: "p95", tone: "warm", of: percentile(name, 0.95)},
  {name: "p99", tone: "hot", of: percentile(name, 0.99)},
];

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
    title: "Requests", note: "by status", format: perSecond, stacked: true,
    series: [
      {name: "2xx", tone: "calm", of: status((code) => code < 300 && code !== 207)},
      {name: "207", tone: "cool", of: status((code) => code === 207)},
      {name: "4xx", tone: "warm", of: status((code) => code >= 400 && code < 500)},
      {name: "5xx", tone: "hot", of: status((code) => code >= 500)},
    ],
  },
  {title: "Batch time", note: "first call to last outcome", format: duration, smooth: true, series: percentiles("gateway_batch_duration_seconds")},
  {
    title: "Time spent", note: "of a batch, on average", format: duration, smooth: true, stacked: true,
    series: [
      {name: "core", tone: "calm", of: spent("core")},
      {name: "turns", tone: "warm", of: spent("turns")},
      {name: "repeats", tone: "hot", of: spent("repeats")},
      {name: "own", tone: "cool", of: spent("own")},
    ],
  },
  {title: "Core time", note: "one call", format: duration, smooth: true, series: percentiles("gateway_core_attempt_duration_seconds")},
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
];

const orDash = (value, format) => (value === null ? "–" : format(value));
const share = (part, whole) => (whole > 0 ? percent(Math.max(0, part) / whole) : "–");
// JSON knows no infinity: null is the age of keys that were never had.
const keysAge = (now) => (now.samples.gateway_jwks_age_seconds ?? []).some(([, age]) => age === null) ? null : sum(now, "gateway_jwks_age_seconds");
const workersIn = (now, state) => sum(now, "gateway_core_circuit_state", (labels) => labels.state === state);

const LIVE = new Set(["uploading", "queued", "running", "paused", "cancelling"]);
const hasJobs = (now) => sum(now, "gateway_job_workers") + sum(now, "gateway_jobs", (labels) => LIVE.has(labels.state)) > 0;
const jobsStand = (now) => sum(now, "gateway_job_due_seconds") > 60 || (chunks("due")(now) > 0 && !sum(now, "gateway_job_workers"));

function circuit(now) {
  const workers = sum(now, "gateway_workers");
  for (const state of ["open", "half_open"]) {
    const there = workersIn(now, state);
    if (there) return `${state.replace("_", "-")} (${there} of ${workers})`;
  }
  return "closed";
}

// [tone, what to say], worst first.
function verdict(now, before) {
  if (workersIn(now, "open")) return ["hot", "The circuit to the core is open: items are held back."];
  if (keysAge(now) === null) return ["hot", "Keycloak has given no signing keys: tokens are refused."];
  if (grown("gateway_idempotency_refused_total")(now, before) > 0) return ["hot", "Batches with an idempotency key are refused: their store is down."];
  if (jobsStand(now)) return ["hot", "Chunks of jobs are due, and no worker takes them."];
  if (outcome("unknown")(now, before) > 0) return ["hot", "Items end as unknown: the core breaks off or answers too late."];
  if (sum(now, "gateway_audit_unavailable")) return ["hot", "The audit trail cannot be written: its lines wait, and then the oldest are lost."];
  if (grown("gateway_shed_total")(now, before) > 0) return ["hot", "Load is being shed."];
  if (workersIn(now, "half_open")) return ["warm", "The circuit to the core is being probed."];
  if (sum(now, "gateway_core_waiting_seconds") > 1) return ["warm", "Items wait for the core."];
  return ["calm", "All is well."];
}

class Page {
  constructor() {
    this.history = new History(WINDOW_SECONDS);
    this.trail = new Trail();
    this.charts = [];
    this.tiles = [];
    this.add(CHARTS, TILES);
  }

  add(charts, tiles) {
    const added = charts.map((options) => [options, new Chart({...options, seconds: WINDOW_SECONDS})]);
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
    for (const [{series, smooth}, chart] of this.charts) chart.show(this.rows(series, smooth ? SMOOTH_SECONDS : 0));
    const tiles = this.tiles.map(([name, of]) => {
      const tile = element("div");
      tile.append(text("dt", name), text("dd", snapshots.length > 1 ? of(last, before) : "–"));
      return tile;
    });
    document.getElementById("tiles").replaceChildren(...tiles);
    this.say(...verdict(last, before));
    this.name(last);
  }

  rows(series, seconds) {
    const columns = series.map(({of}) => this.history.points(of, seconds));
    return columns[0].map(([time], row) => [time, columns.map((column) => column[row][1])]);
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
