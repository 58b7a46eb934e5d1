// A real agent, held to the memory that its service has, and backends that mean it harm: lists that cost far more to
// read than to send, frames of the same kind, and the largest lists that are taken. It lives through all of them.
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { type WebSocket, WebSocketServer } from "ws";
import { askAgent } from "../../agent/control/control-socket.js";
import { freshFolder, RunningCommand } from "../support/command.js";
import { MemoryLimit } from "../support/memory-limit.js";
import { hostileLists } from "../support/sync/hostile-lists.js";
import { ListServer, wireTariff, wireToken } from "../support/sync/list-server.js";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..", "..");
const mib = 1024 * 1024;

/** MemoryMax of systemd/chargetill.service, in bytes. */
export function serviceMemory(): number {
  const unit = readFileSync(join(root, "systemd", "chargetill.service"), "utf8");
  const most = Number(/^MemoryMax=(\d+)M$/m.exec(unit)?.[1]);
  assert.ok(most > 0, "the service has a limit");
  return most * mib;
}

/** Frames as large as a line lets through, each of which would make as many objects as it may. */
const frames: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "nested lists": `{"a":${"[".repeat(1_000_000)}`,
    "empty objects": `{"a":[${"{},".repeat(300_000)}{}]}`,
    "as many objects as are read": `{"a":[${"{},".repeat(98_000)}{}]}`,
    "objects with fields of their own": `{"a":[${Array.from(
      { length: 950 },
      (_, row) => `{${Array.from({ length: 99 }, (_, at) => `"${(row * 99 + at).toString(36)}":0`).join(",")}}`,
    ).join(",")}]}`,
    "a text of a million characters": `{"vendorId":"${"v".repeat(1_000_000)}"}`,
  }),
);
const actions = ["DataTransfer", "GetReport", "SendLocalList", "SetVariables", "NoSuchAction"];
const framesAtOnce = 20;
/** How often a meter is looked at: no reading may be later than that. */
const mostDelayMs = 1_000;
const mostTries = 600;

/** A CSMS that takes the station, and sends what it is told to; answers are counted. */
class FloodingCsms {
  answers = 0;
  #peer: WebSocket | undefined;
  #sent = 0;

  private constructor(private readonly server: WebSocketServer) {
    server.on("connection", (peer) => {
      this.#peer = peer;
      peer.on("error", () => undefined);
      peer.on("message", (data) => {
        const [kind, id] = JSON.parse(String(data)) as [number, string];
        if (kind !== 2) this.answers += 1;
        else
          peer.send(
            JSON.stringify([3, id, { status: "Accepted", interval: 300, currentTime: new Date().toISOString() }]),
          );
      });
    });
  }

  static async open(): Promise<FloodingCsms> {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0, handleProtocols: () => "ocpp2.0.1" });
    await new Promise((resolve) => server.once("listening", resolve));
    return new FloodingCsms(server);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.server.address() as { port: number }).port}/`;
  }

  get isReached(): boolean {
    return this.#peer?.readyState === 1;
  }

  flood(payload: string): void {
    for (let frame = 0; frame < framesAtOnce; frame += 1)
      this.#peer?.send(`[2,"f${(this.#sent += 1)}","${actions[frame % actions.length] ?? ""}",${payload}]`);
  }

  async close(): Promise<void> {
    for (const peer of this.server.clients) peer.terminate();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function stationAt(
  lists: ListServer,
  csms: FloodingCsms,
): { readonly folder: string; readonly config: string; readonly socket: string } {
  const folder = freshFolder();
  const [config, tokenFile] = [join(folder, "station.yaml"), join(folder, "token")];
  const state = join(folder, "state");
  writeFileSync(tokenFile, "0123456789abcdef\n");
  const uplinks = [
    "uplinks:",
    `  - { name: office, kind: ocpi, url: "${lists.url}/cdrs", version: "2.2.1", tokenFile: ${tokenFile}, toCountryCode: DE,`,
    `      toPartyId: EMP, tokensUrl: "${lists.url}/tokens", tariffsUrl: "${lists.url}/tariffs", timeout: 30s }`,
    `  - { name: csms, kind: ocpp, url: "${csms.url}", versions: ["2.0.1"] }`,
    "",
  ];
  const demo = readFileSync(join(root, "config", "demo.yaml"), "utf8");
  writeFileSync(
    config,
    demo
      .replace("state: /var/lib/chargetill-demo", `state: ${state}`)
      .replace("tariffs/standard.json", join(root, "config", "tariffs", "standard.json"))
      .replace(/^uplinks:[\s\S]*$/m, uplinks.join("\n")),
  );
  return { folder, config, socket: join(state, "control.sock") };
}

/** Fifty thousand tokens with texts as long as they may be, and as many long tariffs as fit. */
function largestLists(lists: ListServer): void {
  const name = (at: number): string => String(at).padStart(36, "N");
  lists.pageRows = 500;
  lists.tokens = Array.from({ length: 50_000 }, (_, at) =>
    wireToken(name(at), { contract_id: name(at), group_id: name(at) }),
  );
  const elements = Array.from({ length: 15 }, (_, hour) => ({
    price_components: [
      { type: "ENERGY", price: 0.4, vat: 19, step_size: 1 },
      { type: "TIME", price: 1.2, vat: 19, step_size: 60 },
    ],
    restrictions: {
      start_time: `${String(hour).padStart(2, "0")}:00`,
      end_time: `${String(hour + 1).padStart(2, "0")}:00`,
    },
  }));
  lists.tariffs = Array.from({ length: 400 }, (_, at) => wireTariff(`T${at}`, 0.4, { elements }));
}

type Pulled = {
  readonly uplink: string;
  readonly pull?: { readonly ok?: boolean; readonly words?: string; readonly tokens: number; readonly tariffs: number };
};

export type HostileLife = {
  readonly lists: number;
  readonly frames: number;
  /** Undefined where this machine has no control groups to make. */
  readonly peakMiB: number | undefined;
  readonly longestDelayMs: number;
  readonly limited: string;
};

/** `only` names the lists and frames that are tried: all of them, where it names none. */
export async function liveAmongEnemies(only: readonly string[], say: (line: string) => void): Promise<HostileLife> {
  const bytes = serviceMemory();
  const limit = MemoryLimit.open("hostile", bytes);
  const limited =
    typeof limit === "string"
      ? `${limit}: held by V8's limit of half of it alone`
      : `held to ${bytes / mib} MiB by a control group`;
  say(limited);
  const [lists, csms] = [await ListServer.open(), await FloodingCsms.open()];
  // What the agent fetches at its start.
  lists.tokens = [wireToken("04B2")];
  const { folder, config, socket } = stationAt(lists, csms);
  const delayFile = join(folder, "delay");
  const start = (): RunningCommand =>
    new RunningCommand(
      ["run", "--config", config],
      {
        NODE_OPTIONS: `--import=${join(here, "..", "support", "loop-delay-child.js")}${typeof limit === "string" ? ` --max-old-space-size=${bytes / mib / 2}` : ""}`,
        CHARGETILL_LOOP_DELAY: delayFile,
      },
      typeof limit === "string" ? [] : limit.through,
    );
  const wanted = (all: Iterable<string>): string[] =>
    [...all].filter((name) => only.length === 0 || only.includes(name));
  const delays: number[] = [];
  let agent = start();
  const listening = async (): Promise<void> => {
    await agent.until(/"type":"started"/);
    for (let tries = 0; tries < mostTries && !agent.isOver; tries += 1) {
      const isThere = await askAgent(socket, { do: "sync-status" }).then(
        () => true,
        () => false,
      );
      if (isThere) return agent.kill("SIGWINCH");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`nobody listens at ${socket}: ${agent.out.slice(-1_000)}${agent.err}`);
  };
  try {
    await listening();
    const alive = (what: string): void => {
      if (agent.isOver) throw new Error(`${what} ended the agent: ${agent.out.slice(-2_000)}${agent.err}`);
    };
    const fetched = async (what: string): Promise<NonNullable<Pulled["pull"]>> => {
      const ask = (word: string): Promise<unknown> => askAgent(socket, { do: word });
      const whole = async (): Promise<unknown> => {
        let answer = (await ask("sync-now")) as { readonly done: boolean };
        for (let tries = 0; tries < mostTries && !answer.done; tries += 1)
          answer = (await ask("sync-wait")) as { readonly done: boolean };
        return answer;
      };
      const { uplinks } = (await whole().catch(async (error: unknown) => {
        // Its end is heard of a little later than that of the socket.
        await Promise.race([agent.ended, new Promise((resolve) => setTimeout(resolve, 2_000))]);
        alive(what);
        throw error;
      })) as { uplinks: readonly Pulled[] };
      alive(what);
      const pull = uplinks.find(({ uplink }) => uplink === "office")?.pull;
      assert.ok(pull, what);
      return pull;
    };
    const good = await fetched("a good list");
    assert.equal(good.tokens, 1, JSON.stringify(good));
    const listNames = wanted(hostileLists.keys());
    for (const name of listNames) {
      const packed = gzipSync(hostileLists.get(name)?.() ?? "");
      lists.instead = (_request, response) => response.writeHead(200, { "Content-Encoding": "gzip" }).end(packed);
      const { words = "" } = await fetched(name);
      say(`${name} (${packed.length} bytes): ${words.slice(0, 160)}`);
    }
    lists.instead = undefined;
    const frameNames = wanted(frames.keys());
    for (const name of frameNames) {
      while (!csms.isReached) await new Promise((resolve) => setTimeout(resolve, 100));
      const before = csms.answers;
      csms.flood(frames.get(name) ?? "");
      // Each is answered, or the line was given up: then it stands again.
      for (let waits = 0; waits < 600 && csms.isReached && csms.answers < before + framesAtOnce; waits += 1)
        await new Promise((resolve) => setTimeout(resolve, 50));
      alive(name);
      say(`${framesAtOnce} frames of ${name}: ${csms.answers - before} answered`);
    }
    if (only.length === 0) {
      largestLists(lists);
      const most = await fetched("the largest lists");
      say(`the largest lists: ${most.words ?? ""}`);
      assert.deepEqual([most.ok, most.tokens, most.tariffs], [true, 50_000, 400], most.words);
      agent.kill("SIGTERM");
      assert.equal((await agent.ended).code, 0);
      delays.push(Number(readFileSync(delayFile, "utf8")));
      agent = start();
      await listening();
      assert.equal((await fetched("a start with the largest lists")).tokens, 50_000);
    }
    assert.ok(await askAgent(socket, { do: "status" }));
    agent.kill("SIGTERM");
    const ended = await agent.ended;
    assert.equal(ended.code, 0, `${ended.signal ?? ""} ${ended.err}`);
    return {
      lists: listNames.length,
      frames: frameNames.length,
      peakMiB: typeof limit === "string" ? undefined : limit.peakMiB,
      longestDelayMs: Math.max(...delays, Number(readFileSync(delayFile, "utf8"))),
      limited,
    };
  } finally {
    agent.kill("SIGKILL");
    await agent.ended;
    await lists.close();
    await csms.close();
    if (typeof limit !== "string") limit.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `npm run soak -- hostile`. */
export async function soakHostile(say: (line: string) => void): Promise<void> {
  const { lists, frames: kinds, peakMiB, longestDelayMs } = await liveAmongEnemies([], say);
  assert.ok(longestDelayMs <= mostDelayMs, `a meter was looked at ${longestDelayMs} ms late`);
  say(
    `${lists} lists and ${kinds} kinds of frames lived through: at most ` +
      `${peakMiB === undefined ? "an unknown number of" : peakMiB.toFixed(0)} MiB, and nothing waited longer than ${longestDelayMs} ms`,
  );
}
