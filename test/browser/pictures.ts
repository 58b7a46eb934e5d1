// Draws the README's pictures of the page and the display from the demo: node dist/test/browser/pictures.js
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "puppeteer-core";
import { root } from "../support/bench-station.js";
import { lastFour } from "../support/web/page-bench.js";
import { withChromium } from "./chromium.js";

const program = fileURLToPath(new URL("../../agent/cli.js", import.meta.url));
/** The demo's evening takes half a minute until a car has charged for a while. */
const demoSpeed = "120";
const enoughMs = 14_000;
const [phoneWidth, phoneHeight, gap] = [360, 720, 24];

type Addresses = { readonly page: string; readonly display: string };

async function withDemo(work: (addresses: Addresses) => Promise<void>): Promise<void> {
  const demo = spawn(process.execPath, [program, "demo", "--speed", demoSpeed], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const addresses = await new Promise<Addresses>((resolve, reject) => {
      let text = "";
      demo.once("exit", () => reject(new Error("the demo ended before it named its page")));
      demo.stdout.on("data", (chunk: Buffer) => {
        text += chunk.toString("utf8");
        const [, page, display] = /page: (http\S+).*bay: (http\S+)/.exec(text) ?? [];
        if (page !== undefined && display !== undefined) resolve({ page, display });
      });
    });
    await work(addresses);
  } finally {
    demo.kill("SIGINT");
  }
}

/** A page as a phone shows it, as a data address. */
async function phone(browser: Browser, address: string): Promise<string> {
  const page = await browser.newPage();
  await page.setViewport({ width: phoneWidth, height: phoneHeight });
  await page.goto(address);
  const picture = await page.screenshot({ encoding: "base64" });
  await page.close();
  return `data:image/png;base64,${picture}`;
}

/** Pictures beside each other, with an edge around each. */
async function together(browser: Browser, pictures: readonly string[]): Promise<Uint8Array> {
  const page = await browser.newPage();
  const width = pictures.length * (phoneWidth + gap) + gap;
  await page.setViewport({ width, height: phoneHeight + 2 * gap });
  const style = `body{margin:0;padding:${gap}px;display:flex;gap:${gap}px;background:#e8ebe9}img{border-radius:12px;display:block}`;
  const images = pictures.map((source) => `<img src="${source}" width="${phoneWidth}" height="${phoneHeight}" alt="">`);
  await page.setContent(`<style>${style}</style>${images.join("")}`);
  return await page.screenshot();
}

async function liveLink(page: string): Promise<string> {
  const answer = await fetch(`${page}c/1?lang=en`, {
    method: "POST",
    redirect: "manual",
    headers: { origin: page.replace(/\/$/, ""), "content-type": "application/x-www-form-urlencoded" },
    body: `four=${lastFour}`,
  });
  const link = answer.headers.get("location");
  if (link === null) throw new Error(`no session at connector 1: ${answer.status}`);
  return new URL(link, page).href;
}

await withDemo(async ({ page, display }) => {
  await new Promise((resolve) => setTimeout(resolve, enoughMs));
  await withChromium(async (browser) => {
    const pictures = [await phone(browser, `${page}?lang=en`), await phone(browser, await liveLink(page))];
    writeFileSync(join(root, "agent", "web", "page.png"), await together(browser, pictures));
    const screen = await browser.newPage();
    await screen.setViewport({ width: 800, height: 480 });
    await screen.goto(display);
    writeFileSync(join(root, "agent", "web", "display.png"), await screen.screenshot());
  });
});
