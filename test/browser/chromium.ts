// Debian's Chromium, driven as a person drives it. Names end in .test: they lead here, and are no secure context, as a
// station's page over plain http is none.
import { existsSync } from "node:fs";
import puppeteer, { type Browser, type Page } from "puppeteer-core";

const program = process.env["CHARGETILL_CHROMIUM"] ?? "/usr/bin/chromium";

/** Whether the tests with a browser can run on this machine; Debian's package is chromium. */
export const hasChromium = (): boolean => existsSync(program);

/** A browser of its own, closed afterwards whatever happens. */
export async function withChromium<T>(work: (browser: Browser) => Promise<T>): Promise<T> {
  const browser = await puppeteer.launch({
    executablePath: program,
    args: ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP *.test 127.0.0.1", "--lang=en"],
  });
  try {
    return await work(browser);
  } finally {
    await browser.close();
  }
}

/** A page on which every error of a script, and everything that its security policy forbade, is noted. */
export async function watchedPage(browser: Browser): Promise<{ readonly page: Page; readonly troubles: string[] }> {
  const page = await browser.newPage();
  const troubles: string[] = [];
  page.on("pageerror", (error) => void troubles.push(String(error)));
  page.on("console", (message) => void (message.type() === "error" && troubles.push(message.text())));
  return { page, troubles };
}
