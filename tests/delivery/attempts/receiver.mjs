// A receiver as a customer of the predecessor wrote it, with the official Standard Webhooks library beside it.
// POST /hooks keeps a delivery. GET /verdict?secret=…&signing=… says of each kept one what the checks make of it.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";

const { Webhook } = createRequire(process.env.DCVD_NODE_MODULES + "/")("standardwebhooks");
const kept = [];

function predecessor(secret, { headers, body }, header) {
  const payload = JSON.parse(body);
  const expected = createHmac("sha256", secret).update(JSON.stringify(payload)).digest("hex");
  const given = headers[header] ?? "";
  return given.length === expected.length && timingSafeEqual(Buffer.from(given), Buffer.from(expected));
}

function standard(signing, { headers, body }) {
  try {
    new Webhook(signing).verify(body, headers);
    return true;
  } catch {
    return false;
  }
}

const server = createServer((request, response) => {
  const url = new URL(request.url, "http://localhost");
  if (request.method === "GET") {
    const [secret, signing] = [url.searchParams.get("secret"), url.searchParams.get("signing")];
    const verdict = kept.map((one) => ({
      event: one.event,
      current: predecessor(secret, one, "x-dcvaas-signature"),
      previous: predecessor(secret, one, "x-dcvaas-signature-previous"),
      standard: standard(signing, one),
    }));
    response.end(JSON.stringify(verdict));
    return;
  }
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const body = Buffer.concat(parts).toString("utf8");
    kept.push({ headers: request.headers, body, event: request.headers["x-dcvaas-event"] });
    response.end("ok");
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
