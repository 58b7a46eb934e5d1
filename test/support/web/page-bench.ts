// A station of a test with its page: the station over a disk in memory, the page's process in the test's own, between
// them the real socket, before it the real HTTP server.
import http from "node:http";
import net from "node:net";
import { join } from "node:path";
import { DriverPage } from "../../../agent/app/page/driver-page.js";
import { Disk } from "../../../agent/ledger/store/disk.js";
import { type ServedPage, servePage } from "../../../agent/web/serve-page.js";
import type { Config } from "../../../config/schema.js";
import { freshFolder } from "../command.js";
import { TestStation, testStationConfig } from "../station/test-station.js";

/** The card of the demo's config, and its last four. */
export const driverCard = "04A23B1C5D6E80";
export const lastFour = "6E80";

/** Longer than any push takes, also on a busy machine. */
const pushedWithinMs = 10_000;

export type Asked = {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  readonly bytes: Buffer;
};

export type Asking = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
  readonly from?: string;
  readonly port?: number;
};

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** One request; a form is posted, from the page's own site. */
export function askPage({
  host,
  port,
  path,
  method,
  headers = {},
  form,
  from,
}: Asking & { readonly host: string; readonly port: number; readonly path: string }): Promise<Asked> {
  const body = form === undefined ? undefined : new URLSearchParams(form).toString();
  return new Promise((resolve, reject) => {
    const request = http.request({
      host: "127.0.0.1",
      port,
      path,
      agent: false,
      method: method ?? (body === undefined ? "GET" : "POST"),
      ...(from === undefined ? {} : { localAddress: from }),
      headers: {
        host,
        ...(body === undefined
          ? {}
          : { origin: `http://${host}`, "content-type": "application/x-www-form-urlencoded" }),
        ...headers,
      },
    });
    request.on("error", reject);
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const bytes = Buffer.concat(chunks);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: bytes.toString("utf8"), bytes });
      });
    });
    request.end(body);
  });
}

export class PageBench {
  #heard = 0;

  private constructor(
    readonly station: TestStation,
    readonly socket: string,
    readonly port: number,
    readonly display: number,
    readonly notes: readonly string[],
    readonly page: DriverPage,
    readonly served: ServedPage,
  ) {}

  /** `change` what the config says of the page. */
  static async open(
    change: (page: NonNullable<Config["page"]>) => Partial<NonNullable<Config["page"]>> = () => ({}),
    changeConfig: (config: Config) => Config = (config) => config,
  ): Promise<PageBench> {
    const [port, display] = [await freePort(), await freePort()];
    const socket = join(freshFolder(), "page.sock");
    const plain: NonNullable<Config["page"]> = {
      listen: { host: "127.0.0.1", port },
      reach: "lan",
      address: `http://station.test:${port}`,
      trustedProxies: [],
      display,
      socket,
      links: 30 * 86_400_000,
      stop: true,
    };
    const station = new TestStation(
      testStationConfig((config) =>
        changeConfig({ ...config, receiptOutput: { folder: "receipts" }, page: { ...plain, ...change(plain) } }),
      ),
    );
    const notes: string[] = [];
    const page = DriverPage.open({
      config: station.config,
      clock: station.clock,
      disk: new Disk(station.files),
      version: "test",
      services: () => station.services,
      whyClosed: () => undefined,
      note: (text) => notes.push(text),
      pushEveryMs: 1,
    });
    if (page === undefined) throw new Error("the config has a page");
    const bench = new PageBench(
      station,
      socket,
      port,
      display,
      notes,
      page,
      servePage(socket, () => undefined),
    );
    await bench.#until(() => bench.served.ports().page !== undefined, "the page listens");
    return bench;
  }

  /** Tells the page what the station did, as the agent would, and waits until its process knows. */
  async told(): Promise<void> {
    const { event } = this.station;
    for (const one of event.slice(this.#heard)) this.page.heard(one);
    this.#heard = event.length;
    await this.station.clock.pass(1);
    const atMs = this.station.clock.now().at;
    this.page.changed();
    await this.#until(() => (this.served.view()?.state.atMs ?? 0) >= atMs, "the page is told");
  }

  /** A car is plugged in, its card is read, and so much is charged. */
  async charging(wattHours = 50, connector = 1): Promise<void> {
    await this.station.plug(connector);
    await this.station.tap(driverCard);
    await this.station.clock.pass(3_000);
    await this.station.charge(connector, wattHours, 20);
    await this.told();
  }

  /** The card is read again, twice since an early stop costs the minimum; the car stays. */
  async stopped(): Promise<void> {
    await this.station.clock.pass(30_000);
    await this.station.tap(driverCard);
    await this.station.clock.pass(3_000);
    await this.station.tap(driverCard);
    await this.station.clock.pass(20_000);
    await this.told();
  }

  /** The address of the session at a connector, by the card's last four. */
  async link(connector = 1): Promise<string> {
    const { headers } = await this.ask(`/c/${connector}`, { form: { four: lastFour } });
    return String(headers.location).slice(0, "/r/".length + 22);
  }

  /** Asks the page; a form is posted, from the page's own site. */
  ask(path: string, asking: Asking = {}): Promise<Asked> {
    return askPage({ port: this.port, host: `station.test:${this.port}`, path, ...asking });
  }

  /** The client has not asked for so long that it may ask again as often as it likes. */
  async rested(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 200));
  }

  async close(): Promise<void> {
    await this.served.close();
    await this.page.close();
    await this.station.close();
  }

  async #until(holds: () => boolean, what: string): Promise<void> {
    const deadline = performance.now() + pushedWithinMs;
    while (!holds()) {
      if (performance.now() > deadline) throw new Error(`not in time: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
}
