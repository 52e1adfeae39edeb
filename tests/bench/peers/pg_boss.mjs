// pg-boss: node pg_boss.mjs URL COUNT PORT-OF-POSTGRESQL
// Fetched and completed in batches by two loops, so that one posts while the other is at the database.
import { createRequire } from "node:module";
import { CONCURRENCY, agent, post, report } from "./post.mjs";

const PgBoss = createRequire(`${process.env.DCVD_PEERS}/`)("pg-boss");
const [url, count, port] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const BATCH = 500;
const LOOPS = 2;
const boss = new PgBoss({ connectionString: `postgres://postgres@127.0.0.1:${port}/postgres`, max: 10 });
boss.on("error", (error) => { throw error; });
await boss.start();
await boss.createQueue("hooks");
const jobs = Array.from({ length: count }, (_, number) => ({ name: "hooks", data: { id: `evt_${number}` } }));
for (let at = 0; at < count; at += 1000) await boss.insert(jobs.slice(at, at + 1000));

const [began, usage] = [performance.now(), process.cpuUsage()];
let done = 0;
async function deliver() {
  for (;;) {
    const fetched = await boss.fetch("hooks", { batchSize: BATCH });
    if (!fetched.length) return;
    const waiting = [...fetched];
    const slot = async () => { for (let job = waiting.pop(); job; job = waiting.pop()) await post(url, job.data.id); };
    await Promise.all(Array.from({ length: CONCURRENCY / LOOPS }, slot));
    await boss.complete("hooks", fetched.map((job) => job.id));
    done += fetched.length;
  }
}
await Promise.all(Array.from({ length: LOOPS }, deliver));
if (done !== count) throw new Error(`${done} of ${count}`);
report(count, began, usage);
agent.destroy();
process.exit();
