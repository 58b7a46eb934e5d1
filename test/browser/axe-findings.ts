// What axe-core finds wrong with a page for people who do not see it, or use no mouse.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "puppeteer-core";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

type AxeFinding = { readonly id: string; readonly nodes: readonly { readonly html: string }[] };

/** A line for each finding; axe's script runs besides the page's own policy. */
export async function axeFindings(page: Page): Promise<readonly string[]> {
  await page.evaluate(axeSource);
  const found = (await page.evaluate("axe.run().then((result) => result.violations)")) as readonly AxeFinding[];
  return found.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ""}`);
}
