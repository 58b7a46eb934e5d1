// find.html in a real browser, over twenty stations of which three are dead.
import { readFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { axeFindings } from "./axe-findings.js";
import { hasChromium, watchedPage, withChromium } from "./chromium.js";

const test = suite("find.html");
const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const file = readFileSync(new URL("../../agent/web/find.html", import.meta.url), "utf8");
/** 0.55 EUR/kWh incl. tax. On paper: 20 x 0.55 = 11.00. */
const tariff = readFileSync(join(root, "config", "tariffs", "simple.json"), "utf8");
const stationCount = 20;
/** Those that do not answer: one is gone, one says nothing, one answers nonsense. */
const [goneIndex, silentIndex, brokenIndex] = [3, 8, 15];

type Served = { readonly address: string; readonly server: Server };

async function listening(answer: (path: string, response: ServerResponse) => void): Promise<Served> {
  const server = createServer((request, response) => {
    response.setHeader("access-control-allow-origin", "*");
    answer(request.url ?? "", response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

function closed({ server }: Served): void {
  server.closeAllConnections();
  server.close();
}

/** Station `index` as OCPI has it, one tenth of a degree north of the one before, with these bays. */
const location = (index: number, statuses: readonly string[]): string =>
  JSON.stringify([
    {
      country_code: "DE",
      party_id: "CTL",
      id: `L${index}`,
      name: `Station ${String(index).padStart(2, "0")} <i>`,
      address: "Marktplatz 1",
      city: "Berlin",
      postal_code: "10115",
      coordinates: { latitude: String(52 + index / 10), longitude: "13.4" },
      time_zone: "Europe/Berlin",
      evses: statuses.map((status, bay) => ({
        uid: `E${bay}`,
        status,
        connectors: [{ id: "1", max_electric_power: 11_000, tariff_ids: ["simple"] }],
      })),
    },
  ]);

const statusesOf = (index: number): readonly string[] =>
  index % 4 === 0
    ? ["AVAILABLE", "CHARGING"]
    : index % 4 === 1
      ? ["CHARGING", "RESERVED"]
      : index % 4 === 2
        ? ["OUTOFORDER", "INOPERATIVE"]
        : ["AVAILABLE", "AVAILABLE", "OUTOFORDER", "UNKNOWN"];

const station = (index: number): Promise<Served> =>
  listening((path, response) => {
    if (index === silentIndex) return;
    if (path === "/locations.json") response.end(index === brokenIndex ? '{"a":' : location(index, statusesOf(index)));
    else response.end(`[${tariff}]`);
  });

/** Runs before the page: its minute is the test's to give, and its clock goes on when told. */
function takeMinutes(): void {
  const parts = globalThis as unknown as {
    setTimeout(work: () => void, ms?: number): unknown;
    Date: { now(): number };
    passMinutes(minutes: number): void;
  };
  const later: (() => void)[] = [];
  const [now, wait] = [Date.now.bind(Date), parts.setTimeout.bind(globalThis)];
  let passedMs = 0;
  parts.setTimeout = (work, ms = 0) => (ms >= 60_000 ? later.push(work) : wait(work, ms));
  parts.Date.now = () => now() + passedMs;
  parts.passMinutes = (minutes) => {
    passedMs += minutes * 60_000;
    for (const work of later.splice(0)) work();
  };
}

if (!hasChromium()) {
  console.log("SKIPPED find.html in a browser: Debian's chromium is not installed");
  test("would be opened in a browser where one is installed", () => undefined);
} else {
  test("twenty stations, three of them dead: what is free, how far, how much, and how old it is", async () => {
    const stations = await Promise.all(Array.from({ length: stationCount }, (_, index) => station(index)));
    const at = (index: number): Served => stations[index] as Served;
    closed(at(goneIndex));
    const block = JSON.stringify([...stations.map(({ address }) => address), "javascript:alert(1)", at(0).address]);
    const site = await listening((_, response) => {
      response.setHeader("content-type", "text/html; charset=utf-8");
      response.end(file.replace('id="stations">[]', () => `id="stations">${block}`));
    });
    try {
      await withChromium(async (browser) => {
        const { page, troubles } = await watchedPage(browser);
        await browser.defaultBrowserContext().overridePermissions(site.address, ["geolocation"]);
        await page.setGeolocation({ latitude: 52.95, longitude: 13.4 });
        await page.evaluateOnNewDocument(takeMinutes);
        const asked = new Set<string>();
        page.on("request", (request) => void asked.add(new URL(request.url()).origin));
        await page.goto(site.address);
        const rows = (): Promise<string[]> =>
          page.$$eval("li", (items) => items.map((item) => `${item.className}: ${item.textContent}`));
        await page.waitForFunction(
          "document.querySelectorAll('li.dead').length === 3 && document.querySelectorAll('li').length === 20",
        );
        const named = async (index: number): Promise<string> =>
          (await rows()).find((row) => row.includes(`Station ${String(index).padStart(2, "0")} <i>`)) ?? "";
        assert.match(await named(0), /^free: [\s\S]*● 1 of 2 free, 1 taken[\s\S]*20 kWh now would cost: 11\.00 EUR/);
        assert.match(await named(1), /^taken: [\s\S]*0 of 2 free, 2 taken/);
        assert.match(await named(2), /^broken: [\s\S]*0 of 2 free, 2 out of order/);
        assert.match(await named(7), /^free: [\s\S]*2 of 4 free, 1 out of order, 1 state not known/);
        assert.match(await named(0), /asked just now/);
        for (const dead of (await rows()).filter((row) => row.startsWith("dead")))
          assert.match(dead, "Does not answer");
        // Nearest first: 52.9 and 53.0 are 5.6 km off, each tenth of a degree 11.1 km more.
        await page.click("button");
        await page.waitForFunction("document.querySelector('li').innerText.includes('km away')");
        const sorted = await rows();
        assert.match(sorted[0] ?? "", /Station (09|10)[\s\S]*5\.6 km away/);
        assert.match(sorted[2] ?? "", /Station (07|11)[\s\S]*1[67](\.\d)? km away/);
        assert.match(
          (await page.$eval("a[href^='geo:']", (link) => link.getAttribute("href"))) ?? "",
          /^geo:(52\.9|53),13\.4$/,
        );
        assert.equal(await axeFindings(page), []);
        // One goes silent: what was known of it stays, with its age.
        closed(at(0));
        await page.evaluate("passMinutes(5)");
        await page.waitForFunction("document.querySelectorAll('li.dead').length === 4");
        assert.match(await named(0), /^dead: [\s\S]*this is 5 min old[\s\S]*1 of 2 free/);
        await page.click("input[type=checkbox]");
        await page.waitForFunction("document.querySelectorAll('li:not(.free)').length === 0");
        // Nobody but the site and its stations is asked for anything.
        assert.equal(
          [...asked].filter((origin) => origin !== site.address && !stations.some(({ address }) => address === origin)),
          [],
        );
        assert.equal(
          troubles.filter((text) => !/Failed to load resource/.test(text)),
          [],
        );
      });
    } finally {
      for (const one of [...stations, site]) closed(one);
    }
  });
}

test("loads nothing of its own, and takes the stations from a block that is no script", () => {
  const [, policy = ""] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(file) ?? [];
  const digest = "'sha256-[A-Za-z0-9+/]{43}='";
  assert.match(
    policy,
    new RegExp(
      `^default-src 'none'; script-src ${digest}; style-src ${digest}; connect-src http: https:; base-uri 'none'; form-action 'none'$`,
    ),
  );
  assert.match(file, '<script type="application/json" id="stations">[]</script>');
});

test.run();
