// Node: fastify + undici + ajv (fastify's own validator) + fast-jwt with its cache of verified tokens.
import { createPublicKey, randomUUID } from "node:crypto";
import { createVerifier } from "fast-jwt";
import Fastify from "fastify";
import { Pool, request as fetchOnce } from "undici";
import { batchSchema, formats, repeats, validationErrors } from "./validation.js";
import { fromLegacy, publicName, toLegacy } from "./legacy.js";

const { CORE_URL, ISSUER, AUDIENCE, PORT } = process.env;
const CONCURRENCY = 32;

const core = new Pool(CORE_URL, { connections: 256 });
const { body: keySet } = await fetchOnce(`${ISSUER}/protocol/openid-connect/certs`);
const [jwk] = (await keySet.json()).keys;
const verify = createVerifier({
  key: createPublicKey({ key: jwk, format: "jwk" }).export({ type: "spki", format: "pem" }),
  algorithms: ["RS256"], allowedIss: ISSUER, allowedAud: AUDIENCE, cache: 10_000,
});

const app = Fastify({
  bodyLimit: 16 * 1024 * 1024,
  ajv: { customOptions: { allErrors: true, removeAdditional: false, coerceTypes: false, allowUnionTypes: true, formats } },
});

function problem(status, kind, errors = []) {
  return { type: `/problems/${kind}`, title: kind, status, errors_total: errors.length, errors: errors.slice(0, 100) };
}

function itemError(index, actionId, status, body) {
  const code = status === 404 ? "not_found" : status === 400 || status === 422 ? "rejected" : "core_error";
  const error = { index, actionId, status, code, detail: `Action ${actionId}: ${code}.`, outcome: "not_applied", retryable: false };
  if (code === "rejected") {
    error.errors = Object.fromEntries(Object.entries(body.errors).map(([name, texts]) => [publicName(name), texts]));
  }
  return error;
}

async function updateOne(index, item, headers, requestId, actions, errors) {
  const { statusCode, body } = await core.request({
    method: "PATCH",
    path: `/actions/${item.actionId}`,
    headers: { ...headers, "Idempotency-Key": `${requestId}-${item.actionId}` },
    body: JSON.stringify(toLegacy(item)),
  });
  const content = await body.json();
  if (statusCode === 200) actions[index] = fromLegacy(content.data);
  else errors[index] = itemError(index, item.actionId, statusCode, content);
}

async function sendAll(items) {
  const requestId = randomUUID().replaceAll("-", "");
  const headers = {
    Accept: "application/vnd.core.v1+json", "Content-Type": "application/json", "X-Request-ID": requestId,
    traceparent: `00-${randomUUID().replaceAll("-", "")}-${requestId.slice(0, 16)}-00`,
  };
  const actions = new Array(items.length), errors = new Array(items.length);
  let next = 0;
  const work = async () => {
    while (next < items.length) {
      const index = next++;
      await updateOne(index, items[index], headers, requestId, actions, errors);
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, items.length) }, work));
  return [actions.filter(Boolean), errors.filter(Boolean)];
}

function aggregate(actions, errors) {
  if (!errors.length) return [200, { data: actions }];
  if (actions.length) return [207, { data: actions, errors }];
  if (errors.every((error) => error.code === "not_found")) return [404, { ...problem(404, "not-found", errors), errors }];
  if (errors.every((error) => error.code === "not_found" || error.code === "rejected")) {
    return [400, { ...problem(400, "core-rejected", errors), errors }];
  }
  return [502, { ...problem(502, "core-failed", errors), errors }];
}

async function authenticate(request, reply) {
  try {
    verify(request.headers.authorization.slice("Bearer ".length));
  } catch {
    return reply.code(401).header("WWW-Authenticate", 'Bearer realm="bench"').send(problem(401, "unauthorized"));
  }
}

app.route({
  method: "PATCH",
  url: "/openapi/api/v1/actions",
  schema: { body: batchSchema },
  attachValidation: true,
  onRequest: authenticate,
  handler: async (request, reply) => {
    const items = request.body?.data;
    const errors = request.validationError ? validationErrors(request.validationError.validation) : repeats(items);
    if (errors.length) return reply.code(400).send(problem(400, "validation-failed", errors));
    const [status, answer] = aggregate(...(await sendAll(items)));
    return reply.code(status).send(answer);
  },
});

await app.listen({ port: Number(PORT), host: "127.0.0.1" });
