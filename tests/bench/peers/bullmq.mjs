// BullMQ: node bullmq.mjs URL COUNT PORT-OF-REDIS
import { createRequire } from "node:module";
import { CONCURRENCY, agent, post, report } from "./post.mjs";

const { Queue, Worker } = createRequire(`${process.env.DCVD_PEERS}/`)("bullmq");
const [url, count, port] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const connection = { host: "127.0.0.1", port, maxRetriesPerRequest: null };
const queue = new Queue("hooks", { connection });
const jobs = Array.from({ length: count }, (_, number) => ({ name: "hook", data: { id: `evt_${number}` } }));
for (let at = 0; at < count; at += 1000) await queue.addBulk(jobs.slice(at, at + 1000));

const [began, usage] = [performance.now(), process.cpuUsage()];
const options = { connection, concurrency: CONCURRENCY, removeOnComplete: { count: 0 } };
const worker = new Worker("hooks", (job) => post(url, job.data.id), options);
let done = 0;
await new Promise((resolve, reject) => {
  worker.on("completed", () => ++done === count && resolve());
  worker.on("failed", (_, error) => reject(error));
});
report(count, began, usage);
agent.destroy();
await worker.close();
await queue.close();
process.exit();
