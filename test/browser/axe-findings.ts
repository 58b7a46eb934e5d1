// What axe-core finds wrong with a page for people who do not see it, or use no mouse.
import axe from "axe-core";
import type { Page } from "puppeteer-core";

type AxeFinding = { readonly id: string; readonly nodes: readonly { readonly html: string }[] };

/** A line for each finding; axe's script runs besides the page's own policy. */
export async function axeFindings(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const found = (await page.evaluate("axe.run().then((result) => result.violations)")) as readonly AxeFinding[];
  return found.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ""}`);
}
