// The types of openapi-typescript, with openapi-fetch: every answer as the types that it made.
import createClient from "openapi-fetch";
import type { components, paths } from "./client/schema";

type Problem = components["schemas"]["Problem"];
type Outcome = components["schemas"]["ItemOutcome"];

const client = createClient<paths>({
  baseUrl: process.env.GATEWAY,
  headers: { Authorization: `Bearer ${process.env.TOKEN}` },
});

function send(ids: string[], dry_run = false) {
  const data = ids.map((actionId) => ({ actionId, status: "done" as const, due_date: "2024-01-10 06:51:15" }));
  return client.PATCH("/openapi/api/v1/actions", { params: { query: { dry_run } }, body: { data } });
}

async function update(ids: string[], dryRun = false) {
  const { data, response } = await send(ids, dryRun);
  if (data === undefined) throw new Error(`refused: ${response.status}`);
  return { code: response.status, answer: data };
}

async function refused(ids: string[]) {
  const { error, response } = await send(ids);
  if (error === undefined) throw new Error("not refused");
  const problem: Problem = error;
  const errors = (problem.errors ?? []).map((e) => {
    const outcome: Outcome | undefined = e.outcome;
    return [e.index, e.actionId, e.code, e.field ?? null, outcome ?? null, e.retryable ?? null];
  });
  return { code: response.status, type: problem.type.split("/").pop(), errors };
}

async function main() {
  const one = await update(["19000"]);
  const some = await update(["19000", "90404"]);
  const dry = await update(["19000", "19001"], true);
  const action = one.answer.data[0];
  const failed = (some.answer.errors ?? []).map((e) => [e.index, e.actionId, e.code, e.outcome, e.retryable]);
  console.log(
    JSON.stringify({
      updated: [one.code, action.actionId, action.status, action.due_date],
      partly: [some.code, some.answer.data.map((a) => a.actionId), failed],
      dry_run: [dry.code, dry.answer.data.length, dry.answer.validated],
      invalid: await refused(["19000", "19000"]),
      missing: await refused(["90404"]),
      limited: await refused(Array.from({ length: 10 }, (_, n) => String(19000 + n))),
    }),
  );
}

void main();
