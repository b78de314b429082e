// When somebody should look. No DOM here.

import {grown, hasIdleJob, hasMany4xx, isAtLimit, jobsStand, keysAge, outcome, workersIn} from "./numbers.js";
import {sum} from "./series.js";

// [tone, what to say], worst first. `recent` are the snapshots of the last seconds.
export function verdict(now, before, recent = []) {
  if (workersIn(now, "open")) return ["hot", "The circuit to the core is open: items are held back."];
  if (keysAge(now) === null) return ["hot", "Keycloak has given no signing keys: tokens are refused."];
  if (grown("gateway_idempotency_refused_total")(now, before) > 0) return ["hot", "Batches with an idempotency key are refused: their store is down."];
  if (jobsStand(now)) return ["hot", "Chunks of jobs are due, and no worker takes them."];
  if (outcome("unknown")(now, before) > 0) return ["hot", "Items end as unknown: the core breaks off or answers too late."];
  if (sum(now, "gateway_audit_unavailable")) return ["hot", "The audit trail cannot be written: its lines wait, and then the oldest are lost."];
  if (grown("gateway_shed_total")(now, before) > 0) return ["hot", "Load is being shed."];
  if (workersIn(now, "half_open")) return ["warm", "The circuit to the core is being probed."];
  if (outcome("not_sent")(now, before) > 0) return ["warm", "Items are not sent: the time of their batches runs out, or the core is away."];
  if (isAtLimit(recent)) return ["warm", "Calls to the core stand at their limit: batches wait for their turns."];
  if (hasIdleJob(now)) return ["warm", "A job might run, and no item of it was settled for a quarter of an hour."];
  if (hasMany4xx(now, before)) return ["warm", "Many requests are refused: see Refusals."];
  if (sum(now, "gateway_core_waiting_seconds") > 1) return ["warm", "Items wait for the core."];
  return ["calm", "All is well."];
}
