// verify.html in a browser: what a person drops on it, and the words that it answers.
import type { Browser, Page } from "puppeteer-core";
import type { GivenFile } from "../../agent/receipts/dispute/given-evidence.js";
import { watchedPage } from "./chromium.js";

/** The address of the built page. */
export const verifierAddress = new URL("../../agent/web/verify.html", import.meta.url).href;

export type VerifierPage = {
  readonly page: Page;
  readonly troubles: readonly string[];
  /** Drops files on the page, by these keys; the findings as the page words them, with the exit code that it names. */
  drop(files: readonly GivenFile[], keys: string): Promise<{ readonly exit: number; readonly text: string }>;
};

type Answered = { readonly exit: number; readonly text: string };

/** The page at an address. */
export async function openVerifier(browser: Browser, address: string): Promise<VerifierPage> {
  const { page, troubles } = await watchedPage(browser);
  await page.goto(address);
  const drop = (files: readonly GivenFile[], keys: string): Promise<Answered> =>
    page.evaluate(
      dropped,
      files.map(({ name, bytes }) => [name, Buffer.from(bytes).toString("base64")] as const),
      keys,
    );
  return { page, troubles, drop };
}

/** Runs in the browser. */
async function dropped(files: readonly (readonly [string, string])[], keys: string): Promise<Answered> {
  const { document, DataTransfer, File, DragEvent, atob, MutationObserver } = globalThis as unknown as BrowserParts;
  const carried = new DataTransfer();
  for (const [name, text] of files)
    carried.items.add(new File([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], name));
  document.querySelector("#key").value = keys;
  document.querySelector("#code").value = "";
  document.querySelector("[data-exit]")?.remove();
  const answered = new Promise<void>((resolve) => {
    const observer = new MutationObserver(() => {
      if (document.querySelector("[data-exit]") === null) return;
      observer.disconnect();
      resolve();
    });
    observer.observe(document.querySelector("[aria-live]"), { childList: true });
  });
  document.dispatchEvent(new DragEvent("drop", { dataTransfer: carried, cancelable: true }));
  await answered;
  return {
    exit: Number(document.querySelector("[data-exit]").getAttribute("data-exit")),
    text: document.querySelector("pre").textContent ?? "",
  };
}

type Found = {
  value: string;
  readonly textContent: string | null;
  remove(): void;
  getAttribute(name: string): string | null;
};
type BrowserParts = {
  readonly document: { querySelector(selector: string): Found; dispatchEvent(event: unknown): void };
  readonly DataTransfer: new () => { readonly items: { add(file: unknown): void } };
  readonly File: new (parts: readonly Uint8Array[], name: string) => unknown;
  readonly DragEvent: new (type: string, options: object) => unknown;
  readonly MutationObserver: new (
    look: () => void,
  ) => { observe(target: unknown, options: object): void; disconnect(): void };
  atob(text: string): string;
};
