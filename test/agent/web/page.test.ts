// The page as clients get it, from the station to the byte: who sees what, what is refused, what stands on it.
import http from "node:http";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { payloadOf } from "../../../agent/core/receipt/receipt-payload.js";
import { linkPattern } from "../../../agent/web/link/frames.js";
import { driverCard, lastFour, PageBench } from "../../support/web/page-bench.js";
import { pageStorm } from "../../support/web/page-storm.js";

const test = suite("the driver's page");
const seed = Number(process.env["CHARGETILL_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

const withBench = async (work: (bench: PageBench) => Promise<void>, ...args: Parameters<typeof PageBench.open>) => {
  const bench = await PageBench.open(...args);
  try {
    await work(bench);
    assert.equal(bench.notes, []);
  } finally {
    await bench.close();
  }
};

/** So many clients at the same address ask for news, one after the other, and stay. */
async function listeners(bench: PageBench, count: number) {
  const listening: http.ClientRequest[] = [];
  const statuses: (number | undefined)[] = [];
  for (let times = 0; times < count; times += 1)
    await new Promise<void>((resolve, reject) => {
      const headers = { host: `station.test:${bench.port}` };
      const request = http.get({ host: "127.0.0.1", port: bench.port, path: "/events", agent: false, headers });
      listening.push(request);
      request.on("error", reject);
      request.on("response", (response) => {
        response.on("error", () => undefined);
        response.resume();
        statuses.push(response.statusCode);
        resolve();
      });
    });
  return { listening, statuses };
}

test("says what is free and what it costs, and from outside no more of a session than that there is one", () =>
  withBench(async (bench) => {
    const before = await bench.ask("/?lang=en");
    assert.is(before.status, 200);
    assert.match(before.text, /2 of 2 free/);
    assert.match(before.text, /0\.[34]9 EUR per kWh/);
    assert.match(before.text, /20 kWh now would cost/);
    await bench.charging();
    const [link, secret] = [await bench.link(), (await bench.link()).slice(3)];
    assert.match(secret, linkPattern);
    const outside = [
      await bench.ask("/"),
      await bench.ask("/c/1"),
      await bench.ask("/c/2"),
      await bench.ask("/locations.json"),
    ];
    for (const { text, status } of outside) {
      assert.is(status, 200);
      for (const inside of [secret, lastFour, driverCard, "DE-CTL-C00000001-1", "0.050 kWh", "0.52 EUR", "0.02 EUR"])
        assert.not.ok(text.includes(inside), `${inside} is told`);
    }
    assert.match((await bench.ask("/c/2?lang=en")).text, /Free/);
    const own = await bench.ask(`${link}?lang=en`);
    assert.is(own.status, 200);
    assert.match(own.text, /0\.050 kWh/);
    assert.not.ok(own.text.includes(driverCard));
  }));

test("gives the link of a session for the last four of its card: five tries, then a pause, and no other way in", () =>
  withBench(async (bench) => {
    await bench.charging();
    assert.is((await bench.ask("/c/1", { form: { four: "0000" } })).status, 403);
    assert.is((await bench.ask("/c/2", { form: { four: lastFour } })).status, 403, "nobody charges there");
    assert.is(
      (await bench.ask("/c/1", { form: { four: lastFour.toLowerCase() } })).status,
      303,
      "typed in small letters",
    );
    for (let tries = 0; tries < 5; tries += 1)
      assert.is((await bench.ask("/c/1", { form: { four: `000${tries}` } })).status, 403);
    const paused = await bench.ask("/c/1?lang=en", { form: { four: lastFour } });
    assert.is(paused.status, 429);
    assert.match(paused.text, /Too many tries\. Try again in 10 min/);
    await bench.station.clock.pass(600_000);
    await bench.told();
    assert.is((await bench.ask("/c/1", { form: { four: lastFour } })).status, 303);
    for (const wrong of ["AAAAAAAAAAAAAAAAAAAAAA", "x", "..%2f..", `${"A".repeat(21)}Q`, "A".repeat(5_000)])
      assert.is((await bench.ask(`/r/${wrong}`)).status, 404, wrong.slice(0, 30));
  }));

test("leads by one link from the live session to its receipt, in every form", () =>
  withBench(
    async (bench) => {
      await bench.charging();
      const link = await bench.link();
      await bench.stopped();
      assert.is(bench.station.session(1).state, "finishing");
      const page = await bench.ask(`${link}?lang=en`);
      assert.is(page.status, 200);
      const file = await bench.ask(`${link}.json`);
      assert.match(String(file.headers["content-type"]), /^application\/json/);
      const payload = payloadOf((JSON.parse(file.text) as { jws: string }).jws);
      assert.is(payload?.kind, "sale");
      if (payload?.kind !== "sale") return;
      const { gross } = payload.sale.price.due;
      assert.ok(page.text.includes(gross), gross);
      assert.ok((await bench.ask(`${link}.txt?lang=de`)).text.includes(gross.replace(".", ",")));
      assert.match((await bench.ask(`${link}.ocmf.xml`)).text, /<signedData[^>]*>OCMF\|/);
      const pdf = await bench.ask(`${link}.pdf`);
      assert.is(pdf.bytes.subarray(0, 5).toString("latin1"), "%PDF-");
      assert.is(String(pdf.headers["content-type"]), "application/pdf");
      assert.is((await bench.ask(`${link}.exe`)).status, 404);
      // The car is gone, the link stays; after its time it leads nowhere.
      await bench.station.plug(1, false);
      await bench.told();
      assert.is((await bench.ask(link)).status, 200);
      await bench.station.clock.pass(21_600_001);
      await bench.told();
      const gone = await bench.ask(`${link}?lang=en`);
      assert.is(gone.status, 404);
      assert.match(gone.text, /older than 1 days/);
      // What stands on the receipt finds it again.
      const form = {
        day: payload.sale.start.slice(0, 10),
        evse: payload.sale.connector.evseId,
        four: lastFour,
        total: gross,
      };
      const found = await bench.ask("/receipt", { form: { ...form, total: gross.replace(".", ",") } });
      assert.is(found.headers.location, `${link}?lang=en`);
      assert.is((await bench.ask(link)).status, 200);
      for (const wrong of [{ four: "0000" }, { day: "2020-01-01" }, { total: "0.01" }, { evse: "DE*CTL*E0001*2" }])
        assert.is((await bench.ask("/receipt", { form: { ...form, ...wrong } })).status, 404, JSON.stringify(wrong));
      assert.is((await bench.ask("/receipt", { form })).status, 429, "five tries an hour");
    },
    () => ({ links: 21_600_000 }),
  ));

test("ends a session for who holds its link, where the config lets it, and for nobody else", () =>
  withBench(async (bench) => {
    await bench.charging();
    const link = await bench.link();
    assert.is((await bench.ask(`/r/${"A".repeat(22)}/stop`, { form: {} })).headers.location?.startsWith("/r/"), true);
    assert.is(bench.station.session(1).state, "charging");
    assert.is((await bench.ask(`${link}/stop`, { method: "GET" })).status, 404, "nothing changes anything by GET");
    assert.is((await bench.ask(`${link}/stop`, { form: {} })).status, 303);
    assert.is.not(bench.station.session(1).state, "charging");
  }));

test("is not kept from listeners by HEAD for its news, which leaves no stream open", () =>
  withBench(async (bench) => {
    // More than there are streams.
    for (let times = 0; times < 33; times += 1) assert.is((await bench.ask("/events", { method: "HEAD" })).status, 200);
    const { listening, statuses } = await listeners(bench, 1);
    for (const one of listening) one.destroy();
    assert.equal(statuses, [200]);
  }));

test("streams its news to a client four times at once, and no more, until one of them ends", () =>
  withBench(async (bench) => {
    const { listening, statuses } = await listeners(bench, 5);
    for (const one of listening) one.destroy();
    assert.equal(statuses, [200, 200, 200, 200, 503]);
    let status: number | undefined;
    for (let tries = 0; tries < 100 && status !== 200; tries += 1) {
      await bench.rested();
      const next = await listeners(bench, 1);
      for (const one of next.listening) one.destroy();
      [status] = next.statuses;
    }
    assert.is(status, 200);
  }));

test("leads to no other site from a path that a browser would read as one", () =>
  withBench(async (bench) => {
    const paths = ["//evil.example/x", "///evil.example/x", "/%5Cevil.example/x", "/%09/evil.example/x"];
    for (const path of paths) {
      const { status, text } = await bench.ask(path);
      assert.is(status, 404, path);
      const links = [...text.matchAll(/href="([^"]*)"/g)].map(([, href = ""]) => new URL(href, "http://station.test/"));
      const elsewhere = links.filter(({ protocol, host }) => protocol === "http:" && host !== "station.test");
      assert.equal(elsewhere.map(String), [], path);
    }
  }));

test("refuses what other sites send, other names of the host, other methods and what is too long", () =>
  withBench(async (bench) => {
    await bench.charging();
    const four = { form: { four: lastFour } };
    const rows: [path: string, asking: Parameters<PageBench["ask"]>[1], status: number][] = [
      ["/", { headers: { host: "evil.example" } }, 421],
      ["/", { headers: { host: `127.0.0.1:${bench.port}` } }, 200],
      ["/", { headers: { host: `localhost:${bench.port}` } }, 200],
      ["/", { headers: { host: `STATION.test:${bench.port}` } }, 200],
      ["/c/1", { ...four, headers: { origin: "http://evil.example" } }, 403],
      ["/c/1", { ...four, headers: { origin: "null" } }, 403],
      ["/c/1", { method: "POST" }, 403],
      ["/c/1", { method: "DELETE" }, 405],
      ["/", { method: "HEAD" }, 200],
      ["/", { method: "OPTIONS" }, 405],
      ["/c/1", { form: { four: "x".repeat(20_000) } }, 413],
      ["/c/0", {}, 404],
      ["/c/3", {}, 404],
      ["/c/1e0", {}, 404],
      ["/c/__proto__", {}, 404],
      ["/../../etc/passwd", {}, 404],
      ["/%2e%2e/%2e%2e/etc/passwd", {}, 404],
      ["/%00", {}, 404],
      ["/%ff", {}, 404],
      ["/events", { method: "HEAD", headers: { host: "evil.example" } }, 421],
    ];
    for (const [path, asking, status] of rows) {
      const answer = await bench.ask(path, asking);
      assert.is(answer.status, status, `${asking?.method ?? ""} ${path} ${JSON.stringify(asking?.headers ?? {})}`);
      assert.match(String(answer.headers["content-security-policy"]), /default-src 'none'/, path);
      assert.is(answer.headers["x-content-type-options"], "nosniff");
      assert.match(String(answer.headers["x-robots-tag"]), /noindex/);
      assert.is(answer.headers["cache-control"], "no-store");
    }
    const flood = await Promise.all(Array.from({ length: 100 }, () => bench.ask("/")));
    const statuses = new Set(flood.map(({ status }) => status));
    assert.equal([...statuses].sort(), [200, 429]);
  }));

test(`says nothing that is not for everybody to clients that fuzz, guess, stall and lie about hosts (seed ${seed})`, () =>
  withBench(async (bench) => {
    await bench.charging();
    const secret = bench.served.view()?.state.connectors[0]?.session?.link ?? "";
    assert.match(secret, linkPattern);
    const secrets = [secret, driverCard, "DE-CTL-C00000001-1", '<dl class="live">'];
    const at = { port: bench.port, host: `station.test:${bench.port}` };
    for (const from of ["many", "one"] as const) {
      const { statuses, leaks } = await pageStorm(at, { clients: 160, from, seed, secrets, lastsMs: 500 });
      assert.equal(leaks, []);
      assert.not.ok(statuses.has(500), "nothing fails inside");
      assert.not.ok(statuses.has(303), "nobody got in");
    }
    // Whoever comes after it is served.
    await bench.rested();
    assert.is((await bench.ask("/")).status, 200);
  }));

test("tells programs the location and its tariffs as OCPI has them, and sends nobody what he has", () =>
  withBench(async (bench) => {
    const [location] = JSON.parse((await bench.ask("/locations.json")).text) as [Record<string, unknown>];
    const [first, second] = location["evses"] as {
      status: string;
      evse_id: string;
      connectors: Record<string, unknown>[];
    }[];
    assert.equal([first?.status, second?.status], ["AVAILABLE", "AVAILABLE"]);
    assert.equal([first?.evse_id, first?.connectors[0]?.["max_amperage"]], ["DE*CTL*E0001*1", 15]);
    assert.equal(first?.connectors[0]?.["tariff_ids"], ["standard"]);
    const { headers, text } = await bench.ask("/tariffs.json");
    assert.is((JSON.parse(text) as { tax_included: string }[])[0]?.tax_included, "YES");
    assert.is(headers["access-control-allow-origin"], "*");
    const again = await bench.ask("/tariffs.json", { headers: { "if-none-match": String(headers.etag) } });
    assert.equal([again.status, again.text], [304, ""]);
    await bench.charging();
    const [now] = JSON.parse((await bench.ask("/locations.json")).text) as [{ evses: { status: string }[] }];
    assert.is(now.evses[0]?.status, "CHARGING");
    const known = JSON.parse((await bench.ask("/.well-known/chargetill.json")).text) as Record<string, unknown>;
    assert.equal([known["station"], known["ocpiVersion"]], ["CT-DEMO", "2.3.0"]);
    assert.match((await bench.ask("/key.pem")).text, /^-----BEGIN PUBLIC KEY-----/);
    assert.match((await bench.ask("/checkpoint")).text, /^CT-DEMO\n1\n/);
  }));

test("names no price as that of now while the clock is not set: each is told with its hours", () =>
  withBench(async (bench) => {
    bench.station.clock.trust = "unsynced";
    await bench.told();
    const { text } = await bench.ask("/?lang=en");
    assert.match(text, /The station's clock is not set|The station&#39;s clock is not set/);
    assert.not.match(text, /now would cost/);
    // The fault once was: 0.49, the price of the evening, stood there large and alone.
    assert.match(text, /<dd><small>0\.49 EUR per kWh \(incl\. 19 % VAT\) from 18:00 to 22:00; 0\.39 EUR per kWh/);
  }));

test("outlives the station and says that it does not answer; nothing is free then for maps", () =>
  withBench(async (bench) => {
    await bench.page.close();
    const waited = performance.now() + 10_000;
    while (bench.served.view()?.connected !== false && performance.now() < waited)
      await new Promise((resolve) => setImmediate(resolve));
    assert.match((await bench.ask("/?lang=en")).text, /The station does not answer\. This is how it was at/);
    const [location] = JSON.parse((await bench.ask("/locations.json")).text) as [{ evses: { status: string }[] }];
    assert.is(location.evses[0]?.status, "UNKNOWN");
    assert.is((await bench.ask("/c/1", { form: { four: lastFour } })).status, 403);
  }));

test.run();
