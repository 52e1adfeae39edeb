// Signs and posts as Standard Webhooks does, over connections that are kept.
import { createHmac, randomBytes } from "node:crypto";
import { Agent, request } from "node:http";

const key = randomBytes(32);
const body = Buffer.from(JSON.stringify({ event: "domain.active", data: { domainName: "shop.customer.com" } }).padEnd(320));

export const CONCURRENCY = 64;
export const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });

export function post(url, id) {
  const timestamp = Math.floor(Date.now() / 1000);
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64");
  const headers = {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${signature}`,
    "Content-Type": "application/json",
    "Content-Length": body.length,
  };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: "POST", agent, headers }, (response) => {
      response.resume();
      response.on("end", () => (response.statusCode === 200 ? resolve() : reject(new Error(`${response.statusCode}`))));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

// Prints what so many deliveries came to, since `began` and the CPU usage of then.
export function report(count, began, usage) {
  const seconds = (performance.now() - began) / 1000;
  const used = process.cpuUsage(usage);
  console.log(JSON.stringify({ rate: count / seconds, cpu_us: (used.user + used.system) / count }));
}
