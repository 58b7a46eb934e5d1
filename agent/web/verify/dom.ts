// The little of a browser that our pages use, typed here: the compiler's DOM library would let its hundreds of globals
// (name, status, event) pass unnoticed in every file of the agent.

import { type Language, languages } from "../../../config/languages.js";

type PageEvent = {
  preventDefault(): void;
  readonly dataTransfer?: { readonly files: ArrayLike<PageFile> } | null;
};

export type PageFile = { readonly name: string; readonly size: number; arrayBuffer(): Promise<ArrayBuffer> };

export type PageElement = {
  textContent: string | null;
  value: string;
  readonly files: ArrayLike<PageFile> | null;
  append(...children: readonly (PageElement | string)[]): void;
  replaceChildren(...children: readonly (PageElement | string)[]): void;
  setAttribute(name: string, value: string): void;
  addEventListener(type: string, listener: (event: PageEvent) => void): void;
  focus(): void;
};

type BrowserWindow = {
  readonly document: {
    title: string;
    readonly body: PageElement;
    readonly documentElement: PageElement;
    createElement(tag: string): PageElement;
    querySelector(selector: string): PageElement | null;
    addEventListener(type: string, listener: (event: PageEvent) => void): void;
  };
  readonly location: { readonly hash: string };
  readonly navigator: { readonly languages: readonly string[] };
  addEventListener(type: string, listener: () => void): void;
  setTimeout(work: () => void, ms: number): unknown;
};

/** The clock of the machine that the browser runs on: epoch ms. */
export const browserNow = (): number => Date.now();

/** The window that the page runs in. */
export const browserWindow = globalThis as unknown as BrowserWindow;

/** The first language that the browser asks for and we have; English where there is none. */
export const browserLanguage = (): Language =>
  browserWindow.navigator.languages
    .map((tag) => languages.find((one) => one === tag.slice(0, 2).toLowerCase()))
    .find((one) => one !== undefined) ?? "en";

/** An element with attributes and children; texts are texts, never markup. */
export function element(
  tag: string,
  attributes: Readonly<Record<string, string>>,
  ...children: readonly (PageElement | string)[]
): PageElement {
  const made = browserWindow.document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}
