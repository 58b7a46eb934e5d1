// The driver's page in a real browser: without script in every state, by keyboard, in narrow windows; with it, live. axe
// finds nothing, and the first paint is small.
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Browser, Page } from "puppeteer-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { codesFor } from "../../agent/web/display/display-codes.js";
import { type Language, languages } from "../../config/languages.js";
import { PageBench } from "../support/web/page-bench.js";
import { axeFindings } from "./axe-findings.js";
import { hasChromium, watchedPage, withChromium } from "./chromium.js";
import { eachState, type PageState } from "./page-states.js";

const test = suite("the driver's page in a browser");
/** What a first visit loads without a picture of any kind: page, style and script, packed. */
const mostFirstPaintBytes = 14 * 1024;
/** With CHARGETILL_TIMES every language at every width; by default each state in one language at the narrowest. */
const isWhole = Number(process.env["CHARGETILL_TIMES"] ?? 1) > 1;
const leastHeadingPixels = 48;
/** Where pictures of every state go, if anywhere. */
const pictures = process.env["CHARGETILL_PICTURES"];
const widths = isWhole ? [360, 800, 1280] : [360];

const addressOf = (bench: PageBench, path: string, language: Language): string =>
  `http://station.test:${bench.port}${path}?lang=${language}`;

/** Routes that axe has judged, in one language: with CHARGETILL_TIMES in every state. */
const judged = new Set<string>();

async function savedPictures(page: Page, place: string): Promise<void> {
  for (const width of [360, 800, 1280]) {
    await page.setViewport({ width, height: 740 });
    await page.screenshot({ path: `${place}-${width}.png`, fullPage: true });
  }
}

async function stateIsWell(
  browser: Browser,
  bench: PageBench,
  { name, path }: PageState,
  language: Language,
): Promise<void> {
  const page = await browser.newPage();
  try {
    await page.setJavaScriptEnabled(false);
    for (const width of widths) {
      await page.setViewport({ width, height: 740 });
      await page.goto(addressOf(bench, path, language));
      const wide = await page.evaluate("document.documentElement.scrollWidth");
      assert.ok(Number(wide) <= width, `${path} in ${language} is ${String(wide)} wide at ${width}`);
      assert.is(await page.evaluate("document.documentElement.lang"), language, path);
      // Once a long price pressed its heading into a column of single letters.
      const narrowest = await page.evaluate(
        "Math.min(...[...document.querySelectorAll('dt')].map((one) => one.getBoundingClientRect().width))",
      );
      assert.ok(
        Number(narrowest) >= leastHeadingPixels,
        `${path} in ${language}: a heading is ${String(narrowest)} wide`,
      );
    }
    const text = String(await page.evaluate("document.body.innerText"));
    assert.not.match(text, /undefined|NaN|\[object/, path);
    const picture = `${path.replaceAll("/", "-").slice(0, 12)}-${name.replaceAll(" ", "-")}-${language}`;
    if (pictures !== undefined) await savedPictures(page, join(pictures, picture));
    const route = isWhole ? `${path} ${name}` : `${path.slice(0, 3)} ${path.startsWith("/r/") ? name : ""}`;
    if (judged.has(route)) return;
    judged.add(route);
    // axe needs a page with scripts.
    await page.setJavaScriptEnabled(true);
    await page.reload();
    assert.equal(await axeFindings(page), [], `${path} in ${language}`);
  } finally {
    await page.close();
  }
}

if (!hasChromium()) {
  console.log("SKIPPED the driver's page in a browser: Debian's chromium is not installed");
  test("would be opened in a browser where one is installed", () => undefined);
} else {
  test("fits narrow windows in every state without script, and axe finds nothing", () =>
    withChromium(async (browser) => {
      let turn = 0;
      await eachState(async (bench, state) => {
        const shown = isWhole ? languages : [languages[turn % languages.length] ?? "en"];
        turn += 1;
        for (const language of shown) {
          await stateIsWell(browser, bench, state, language);
          await bench.rested();
        }
      });
    }));

  test("keeps itself up to date with its script, breaks no rule of its policy, and asks nobody else", () =>
    withChromium(async (browser) => {
      const bench = await PageBench.open();
      try {
        await bench.charging(50);
        const link = await bench.link();
        const { page, troubles } = await watchedPage(browser);
        const asked: string[] = [];
        page.on("request", (request) => void asked.push(new URL(request.url()).host));
        await page.goto(addressOf(bench, link, "en"));
        await page.waitForFunction("document.querySelector('.energy dd').textContent.startsWith('0.050')");
        await bench.station.charge(1, 50, 20);
        await bench.told();
        await page.waitForFunction("document.querySelector('.energy dd').textContent.startsWith('0.100')");
        await bench.stopped();
        // The session is over: the page asks for itself again and finds the receipt.
        await page.waitForFunction("document.querySelector('main.receipt') !== null");
        assert.equal(troubles, []);
        assert.equal([...new Set(asked)], [`station.test:${bench.port}`]);
      } finally {
        await bench.close();
      }
    }));

  test("is used by keyboard alone: the way to one's own session leads over visible stops", () =>
    withChromium(async (browser) => {
      const bench = await PageBench.open();
      try {
        await bench.charging();
        const page = await browser.newPage();
        await page.setJavaScriptEnabled(false);
        await page.goto(addressOf(bench, "/c/1", "en"));
        let stops = 0;
        for (; stops < 20; stops += 1) {
          await page.keyboard.press("Tab");
          if (await page.evaluate("document.activeElement.id === 'four'")) break;
        }
        assert.ok(stops < 20, "the field is reached");
        await page.keyboard.type("6e80");
        await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
        assert.match(page.url(), /\/r\/[\w-]{22}\?lang=en$/);
      } finally {
        await bench.close();
      }
    }));

  test("is painted first from 14 kB at most", async () => {
    const bench = await PageBench.open();
    try {
      await bench.charging();
      const { text: home } = await bench.ask("/?lang=de");
      const assets = [...home.matchAll(/(?:href|src)="(\/(?:page|live)-[^"]+)"/g)].map(([, path = ""]) => path);
      assert.is(assets.length, 2);
      const fixed = await Promise.all(assets.map(async (path) => (await bench.ask(path)).bytes));
      for (const path of ["/?lang=de", "/c/1?lang=fr", `${await bench.link()}?lang=pl`]) {
        const bytes = [...fixed, (await bench.ask(path)).bytes].reduce((sum, one) => sum + gzipSync(one).length, 0);
        assert.ok(bytes <= mostFirstPaintBytes, `${path}: ${bytes}`);
      }
    } finally {
      await bench.close();
    }
  });

  test("has no code on the display that leads nowhere, and the display is for its own machine", async () => {
    const bench = await PageBench.open();
    try {
      const own = { headers: { host: `127.0.0.1:${bench.display}` }, port: bench.display };
      const shown = await bench.ask("/display?lang=en", own);
      assert.is(shown.status, 200);
      // On a site's network that nobody names, no phone on mobile data opens anything.
      assert.not.match(shown.text, /<figure>/);
      const refused = [{ host: "station.test" }, { "x-forwarded-for": "192.0.2.7" }, { forwarded: "for=192.0.2.7" }];
      for (const headers of refused)
        assert.is((await bench.ask("/display", { ...own, headers: { ...own.headers, ...headers } })).status, 421);
      assert.is((await bench.ask("/display")).status, 404, "not at the page's own port");
      const view = bench.served.view();
      if (view === undefined) throw new Error("the station has spoken");
      const named = {
        ...view,
        hello: { ...view.hello, page: { ...view.hello.page, wifi: { name: 'a;b"', password: "12345678" } } },
      };
      assert.equal(codesFor(named, "/c/1"), {
        page: `http://station.test:${bench.port}/c/1`,
        wifi: { name: 'a;b"', code: 'WIFI:T:WPA;S:a\\;b\\";P:12345678;;' },
      });
    } finally {
      await bench.close();
    }
  });
}

test.run();
