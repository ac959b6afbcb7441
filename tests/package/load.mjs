// Asks for the page and sends reports without a pause, over old connections and new ones, until it is told to end and has
// done enough; then it says what failed.
//
//     node load.mjs http://[::1]:8080 TOKEN_FILE ENOUGH
//
// SIGTERM ends it. Every 100 answers it writes a dot, so that it can be seen to run.
import { readFileSync } from "node:fs";
import http from "node:http";

const [address, tokenFile, enough] = process.argv.slice(2);
const token = readFileSync(tokenFile, "utf8").trim();
const clients = 4;
const agents = [new http.Agent({ keepAlive: true, maxSockets: clients }), new http.Agent({ keepAlive: false })];
const done = { views: 0, reports: 0 };
const failures = [];
let ending = false;

process.on("SIGTERM", () => {
  ending = true;
});

function ask(agent, method, path, headers, body) {
  return new Promise((resolve, reject) => {
    const request = http.request(address + path, { agent, method, headers }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part) => (text += part));
      answer.on("end", () => resolve({ status: answer.statusCode, text }));
      answer.on("error", reject);
    });
    request.on("error", reject);
    request.setTimeout(10_000, () => request.destroy(new Error("no answer within 10 s")));
    request.end(body);
  });
}

async function view(agent) {
  const { status, text } = await ask(agent, "GET", "/", {});
  if (status !== 200 || !text.trimEnd().endsWith("</html>")) throw new Error(`the page: ${status}, ${text.length} characters`);
  done.views += 1;
}

async function report(agent, client) {
  const body = JSON.stringify({ replica: `load-${client}`, interval: 60, load: { cpu: 0.1, ram: 0.2 } });
  const authorization = `Basic ${Buffer.from(`:${token}`).toString("base64")}`;
  const headers = { "Content-Type": "application/json", authorization };
  const { status, text } = await ask(agent, "POST", "/reporter/demo/application/", headers, body);
  if (status !== 200) throw new Error(`a report: ${status} ${text}`);
  done.reports += 1;
}

async function client(number) {
  const agent = agents[number % agents.length];
  while (!ending || done.views < enough || done.reports < enough) {
    for (const step of [view, report]) {
      try {
        await step(agent, number);
      } catch (error) {
        failures.push(`${step.name}, ${agent.keepAlive ? "an old" : "a new"} connection: ${error.code ?? ""} ${error.message}`);
        if (failures.length > 100) return;
      }
    }
    if (done.views % 100 === 0) process.stdout.write(".");
  }
}

await Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
agents.forEach((agent) => agent.destroy());
console.log(`\n${done.views} views and ${done.reports} reports, ${failures.length} failed`);
failures.slice(0, 10).forEach((failure) => console.log(failure));
process.exit(failures.length ? 1 : 0);
