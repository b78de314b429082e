// The numbers that the page shows: each a function of a snapshot and an earlier one. No DOM here.

import {quantile, rate, sum} from "./series.js";

// Asked by probes, scrapers and this page itself: not what partners do.
const OPERATORS = new Set(["/livez", "/readyz", "/metrics", "/status", "/status/<name>", "/status/data", "/status/history", "/status/batches", "/status/audit"]);
export const byPartners = (labels) => !OPERATORS.has(labels.route);

export const outcome = (name) => (now, before) => rate(now, before, "gateway_items_total", (labels) => labels.outcome === name);
export const status = (test) => (now, before) => rate(now, before, "gateway_requests_total", (labels) => byPartners(labels) && test(Number(labels.status)));
export const attempts = (test) => (now, before) => rate(now, before, "gateway_core_attempts_total", (labels) => test(labels.result));
export const grown = (name) => (now, before) => rate(now, before, name);
export const level = (name) => (now) => sum(now, name);
export const jobs = (state) => (now) => sum(now, "gateway_jobs", (labels) => labels.state === state);
export const chunks = (state) => (now) => sum(now, "gateway_job_chunks", (labels) => labels.state === state);
export const jobOutcome = (name) => (now, before) => rate(now, before, "gateway_job_items", (labels) => labels.outcome === name);
export const spent = (part) => (now, before) => {
  const batches = rate(now, before, "gateway_batches_total");
  return batches ? rate(now, before, "gateway_batch_seconds_total", (labels) => labels.part === part) / batches : null;
};
export const percentile = (name, q) => (now, before) => quantile(now, before, name, q);
export const percentiles = (name) => [
  {name: "p50", tone: "calm", of: percentile(name, 0.5)},
  {name: "p95", tone: "warm", of: percentile(name, 0.95)},
  {name: "p99", tone: "hot", of: percentile(name, 0.99)},
];

// JSON knows no infinity: null is the age of keys that were never had.
export const keysAge = (now) => (now.samples.gateway_jwks_age_seconds ?? []).some(([, age]) => age === null) ? null : sum(now, "gateway_jwks_age_seconds");
export const workersIn = (now, state) => sum(now, "gateway_core_circuit_state", (labels) => labels.state === state);

const LIVE = new Set(["uploading", "queued", "running", "paused", "cancelling"]);
export const hasJobs = (now) => sum(now, "gateway_job_workers") + sum(now, "gateway_jobs", (labels) => LIVE.has(labels.state)) > 0;
export const hasIdleJob = (now) => sum(now, "gateway_job_without_progress_seconds") > 900;
export const jobsStand = (now) => sum(now, "gateway_job_due_seconds") > 60 || (chunks("due")(now) > 0 && !sum(now, "gateway_job_workers"));

const TONES = ["calm", "cool", "warm", "hot", "mute"];

// Of counters, each with the label that names a series, what grew most between two snapshots: five at most, by name.
export const foremost = (counters) => (last, first) => {
  const grown = new Map();
  for (const [name, label, where] of counters) {
    for (const value of new Set((last.samples[name] ?? []).filter(([labels]) => where(labels)).map(([labels]) => labels[label]))) {
      const of = (now, before) => rate(now, before, name, (labels) => where(labels) && labels[label] === value);
      if (of(last, first) > 0) grown.set(value, of);
    }
  }
  const most = [...grown].sort(([, a], [, b]) => b(last, first) - a(last, first)).slice(0, TONES.length);
  return most.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, of], index) => ({name, tone: TONES[index], of}));
};

// A few refusals are every day's; a fifth of all requests is not.
export const hasMany4xx = (now, before) => {
  const refused = status((code) => code >= 400 && code < 500)(now, before);
  return refused * (now.time - before.time) >= 5 && refused >= 0.2 * rate(now, before, "gateway_requests_total", byPartners);
};

// At nine tenths of it in most of the snapshots: a call that ends makes room for a moment.
export const isAtLimit = (recent) => {
  const isFull = (now) => sum(now, "gateway_core_in_flight") >= Math.max(1, 0.9 * sum(now, "gateway_core_concurrency_limit"));
  return recent.length >= 3 && recent.filter(isFull).length > recent.length / 2;
};
