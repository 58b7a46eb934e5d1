// What the browser runs: takes in the news of a live page. Without it the page is asked for again by itself. It is served
// as it was compiled, so it imports nothing.

type LiveElement = { innerHTML: string; textContent: string; readonly dataset: Record<string, string | undefined> } & {
  contains(other: unknown): boolean;
};
declare const document: { getElementById(id: string): LiveElement | null; readonly activeElement: unknown };
declare const location: { reload(): void };
declare const EventSource: new (
  address: string,
) => {
  readonly readyState: number;
  addEventListener(type: string, listener: (event: { readonly data: string }) => void): void;
  onerror: () => void;
};

const closed = 2;
const againMs = 15_000;

const live = document.getElementById("live");
const spoken = document.getElementById("spoken");
const address = document.getElementById("news")?.dataset["events"];

if (live !== null && address !== undefined) {
  const source = new EventSource(address);
  source.addEventListener("news", ({ data }) => {
    // Whoever stands on a link in it with the keyboard must not lose it.
    if (!live.contains(document.activeElement)) live.innerHTML = data;
  });
  source.addEventListener("spoken", ({ data }) => {
    if (spoken !== null) spoken.textContent = data;
  });
  source.addEventListener("reload", () => location.reload());
  source.onerror = () => {
    if (source.readyState === closed) setTimeout(() => location.reload(), againMs);
  };
}

export {};
