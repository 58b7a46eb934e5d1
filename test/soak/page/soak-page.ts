// A real station and a real page, and a thousand clients that mean them harm, from as many addresses and from one: no
// answer holds what is not for everybody, the station's own turns come as they come without clients, and killing the
// page costs the session nothing.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { askAgent } from "../../../agent/control/control-socket.js";
import { linkPattern } from "../../../agent/web/link/frames.js";
import { benchStation } from "../../support/bench-station.js";
import { RunningCommand } from "../../support/command.js";
import { askPage, freePort, lastFour } from "../../support/web/page-bench.js";
import type { Storm, StormResult, StormTarget } from "../../support/web/page-storm.js";

const lookEveryMs = 50;
const quietMs = 15_000;
const stormLastsMs = 12_000;
/** Below it twice as late is not late: a meter is read once a second, and any machine is busy now and then. */
const leastLatenessMs = 50;
const mostResultBytes = 16 * 1024 * 1024;
const mostTries = 300;

type Status = { readonly connectors: readonly { readonly state: string; readonly energyKwh?: string }[] };

const status = async (socket: string): Promise<Status> => (await askAgent(socket, { do: "status" })) as Status;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** How long the station takes to come to a question while `during` goes on: what it is late by with its own timers too. */
async function lateness(socket: string, during: Promise<unknown>): Promise<number> {
  let isOver = false;
  void during.finally(() => (isOver = true));
  const took: number[] = [];
  while (!isOver) {
    const begun = performance.now();
    await status(socket);
    took.push(performance.now() - begun);
    await pause(lookEveryMs);
  }
  took.sort((a, b) => a - b);
  return took[Math.floor(took.length * 0.99)] ?? 0;
}

/** The storm, out of a process of its own. */
async function stormFrom(target: StormTarget, storm: Storm): Promise<StormResult> {
  const child = fileURLToPath(new URL("../../support/web/page-storm-child.js", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [child, JSON.stringify({ target, storm })], {
    maxBuffer: mostResultBytes,
  });
  const { statuses, leaks } = JSON.parse(stdout) as { statuses: [number, number][]; leaks: string[] };
  return { statuses: new Map(statuses), leaks };
}

/** The secret of the session, by its card's last four. */
async function linkOf({ port, host }: StormTarget): Promise<string> {
  const { headers } = await askPage({ port, host, path: "/c/1", form: { four: lastFour } });
  const [, secret = ""] = /^\/r\/([\w-]{22})/.exec(String(headers.location)) ?? [];
  assert.match(secret, linkPattern);
  return secret;
}

export async function soakPage(clients: number, seed: number, say: (text: string) => void): Promise<void> {
  const [port, display] = [await freePort(), await freePort()];
  const { folder, state, config } = benchStation({ quiet: false, speed: 10 });
  const pageSocket = join(folder, "page.sock");
  writeFileSync(
    config,
    `${readFileSync(config, "utf8")}
page:
  listen: { port: ${port} }
  reach: lan
  address: http://station.test:${port}
  display: ${display}
  socket: ${pageSocket}
`,
  );
  const control = join(state, "control.sock");
  const agent = new RunningCommand(["run", "--config", config]);
  // As its unit does: the station goes first.
  const page = new RunningCommand(["page", "--socket", pageSocket], {}, ["nice", "-n", "10"]);
  try {
    await agent.until(/charging begins/);
    await page.until(/page on http/);
    const target: StormTarget = { port, host: `station.test:${port}` };
    const session = /"session":"([^"]+)"/.exec(agent.out)?.[1] ?? "none";
    const secrets = [session, "04A23B1C5D6E80", "DE-CTL-C00000001-1", '<dl class="live">', await linkOf(target)];
    const before = await lateness(control, pause(quietMs));
    for (const from of ["many", "one"] as const) {
      const storm = stormFrom(target, { clients, from, seed, secrets, lastsMs: stormLastsMs });
      const during = await lateness(control, storm);
      const { statuses, leaks } = await storm;
      assert.deepEqual(leaks, [], "nothing leaks");
      const told = [...statuses].sort(([a], [b]) => a - b).map(([code, count]) => `${code}: ${count}`);
      say(
        `page: ${clients} clients from ${from} address${from === "one" ? "" : "es"}: ${told.join(", ")}; ` +
          `p99 of the station's turns ${before.toFixed(1)} ms without, ${during.toFixed(1)} ms with them`,
      );
      assert.ok(during <= Math.max(2 * before, leastLatenessMs), `the station was late: ${during} ms`);
    }
    const energy = async (): Promise<number> => Number((await status(control)).connectors[0]?.energyKwh ?? 0);
    const charged = await energy();
    page.kill("SIGKILL");
    await page.ended;
    let tries = 0;
    while ((await energy()) <= charged && tries < mostTries) {
      tries += 1;
      await pause(lookEveryMs);
    }
    assert.ok(tries < mostTries, "the session goes on without the page");
    const again = new RunningCommand(["page", "--socket", pageSocket]);
    await again.until(/page on http/);
    again.kill("SIGTERM");
    assert.equal((await again.ended).code, 0);
    say("page: killed and started again while a session ran, which went on");
  } finally {
    page.kill("SIGKILL");
    agent.kill("SIGTERM");
    await agent.ended;
  }
}
