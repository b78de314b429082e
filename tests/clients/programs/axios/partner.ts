// The client of openapi-generator for TypeScript and axios: every answer as the types that it made.
import { isAxiosError } from "axios";
import { ActionStatus, ActionsApi, Configuration, type ItemOutcome, type Problem } from "./client";

const api = new ActionsApi(new Configuration({ basePath: process.env.GATEWAY, accessToken: process.env.TOKEN }));

function update(ids: string[], dryRun = false) {
  const data = ids.map((actionId) => ({ actionId, status: ActionStatus.Done, due_date: "2024-01-10 06:51:15" }));
  return api.updateActions({ data }, dryRun);
}

async function refused(ids: string[]) {
  try {
    await update(ids);
  } catch (error) {
    if (!isAxiosError<Problem>(error) || !error.response) throw error;
    const problem = error.response.data;
    const errors = (problem.errors ?? []).map((e) => {
      const outcome: ItemOutcome | undefined = e.outcome;
      return [e.index, e.actionId, e.code, e.field ?? null, outcome ?? null, e.retryable ?? null];
    });
    return { code: error.response.status, type: problem.type.split("/").pop(), errors };
  }
  throw new Error("not refused");
}

async function main() {
  const one = await update(["19000"]);
  const some = await update(["19000", "90404"]);
  const dry = await update(["19000", "19001"], true);
  const action = one.data.data[0];
  const failed = (some.data.errors ?? []).map((e) => [e.index, e.actionId, e.code, e.outcome, e.retryable]);
  console.log(
    JSON.stringify({
      updated: [one.status, action.actionId, action.status, action.due_date],
      partly: [some.status, some.data.data.map((a) => a.actionId), failed],
      dry_run: [dry.status, dry.data.data.length, dry.data.validated],
      invalid: await refused(["19000", "19000"]),
      missing: await refused(["90404"]),
      limited: await refused(Array.from({ length: 10 }, (_, n) => String(19000 + n))),
    }),
  );
}

void main();
