// find.html in the browser: asks each station, a few at a time, and shows what is free, how far, and for how much. A
// station that does not answer stays in the list, with the age of what was known.

import { deepestJson, parseBoundedJson } from "../../core/json/bounded-json.js";
import { localNumber } from "../../core/number/local-number.js";
import { minuteMs } from "../../core/time/time.js";
import { languageWords } from "../../core/words/words.js";
import { browserLanguage, browserNow, browserWindow, element, type PageElement } from "../verify/dom.js";
import { usualEnergy } from "../views/usual-cost.js";
import { pageWords } from "../words/page-language.js";
import { findWords } from "./find-words.js";
import { distanceKm, type FoundStation, type GeoPosition, readStation, usualCosts } from "./found-station.js";

const mostStations = 500;
const askedAtOnce = 6;
const answerWithinMs = 8_000;
const askAgainMs = 60_000;
const mostCharacters = 2_000_000;
const bounds = { values: 50_000, depth: deepestJson };

/** What the page uses of a browser beside the document. */
type Network = {
  fetch(address: string, options: object): Promise<{ readonly ok: boolean; text(): Promise<string> }>;
  readonly AbortSignal: { timeout(ms: number): unknown };
  readonly navigator: {
    readonly geolocation?: {
      getCurrentPosition(
        found: (position: { readonly coords: GeoPosition }) => void,
        failed: () => void,
        options: object,
      ): void;
    };
  };
};
const network = globalThis as unknown as Network;

type Row = { readonly address: string; found?: FoundStation; foundMs?: number; isDead: boolean; wasAsked: boolean };

const language = browserLanguage();
const words = findWords[language];
const driverWords = pageWords[language];

const rows: readonly Row[] = stationsNamed().map((address) => ({ address, isDead: false, wasAsked: false }));
let here: GeoPosition | undefined;
let isOnlyFree = false;
const list = element("ul", {});
const notice = element("p", { class: "soft", role: "status" });

/** The stations that the operator has named in the file, each once. */
function stationsNamed(): readonly string[] {
  const read = parseBoundedJson(browserWindow.document.querySelector("#stations")?.textContent ?? "[]", bounds);
  const addresses = (read.ok && Array.isArray(read.value) ? read.value : []).filter(
    (one): one is string => typeof one === "string" && /^https?:\/\/[^\s]+$/.test(one),
  );
  return [...new Set(addresses.map((one) => one.replace(/\/+$/, "")))].slice(0, mostStations);
}

/** A document of a station. Throws where it cannot be had. */
async function documentAt(address: string): Promise<unknown> {
  const options = { signal: network.AbortSignal.timeout(answerWithinMs), credentials: "omit", cache: "no-cache" };
  const answer = await network.fetch(address, options);
  const text = answer.ok ? await answer.text() : "";
  const read = text === "" || text.length > mostCharacters ? undefined : parseBoundedJson(text, bounds);
  if (read?.ok !== true) throw new Error("no answer that can be read");
  return read.value;
}

async function ask(row: Row): Promise<void> {
  try {
    const locations = await documentAt(`${row.address}/locations.json`);
    // Without prices a station can still be free.
    const tariffs = await documentAt(`${row.address}/tariffs.json`).catch(() => []);
    const found = readStation(locations, tariffs);
    if (found === undefined) throw new Error("not a Location");
    Object.assign(row, { found, foundMs: browserNow(), isDead: false, wasAsked: true });
  } catch {
    Object.assign(row, { isDead: true, wasAsked: true });
  }
  show();
}

/** Asks all, a few at a time; one that is slow holds up no others. */
async function askAll(): Promise<void> {
  const waiting = [...rows];
  const work = async (): Promise<void> => {
    for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) await ask(row);
  };
  await Promise.all(Array.from({ length: askedAtOnce }, work));
  browserWindow.setTimeout(() => void askAll(), askAgainMs);
}

const kmTo = ({ found }: Row): number =>
  here === undefined || found?.position === undefined ? Number.POSITIVE_INFINITY : distanceKm(here, found.position);

function show(): void {
  const shown = rows.filter(({ found, isDead }) => !isOnlyFree || (!isDead && (found?.bays.free ?? 0) > 0));
  const named = ({ found, address }: Row): string => found?.name ?? address;
  const sorted = [...shown].sort((a, b) => {
    const [first, second] = [kmTo(a), kmTo(b)];
    return first === second ? named(a).localeCompare(named(b)) : first - second;
  });
  list.replaceChildren(...sorted.map(rowItem));
  if (rows.length === 0) notice.textContent = words.noStations;
}

function rowItem(row: Row): PageElement {
  const { found, foundMs, isDead, wasAsked, address } = row;
  if (found === undefined)
    return element(
      "li",
      { class: isDead ? "dead" : "asked" },
      element("h2", {}, address.replace(/^https?:\/\//, "")),
      element("p", { class: "state" }, wasAsked ? `✕ ${words.dead}` : words.waiting),
    );
  const { bays, place, position } = found;
  const now = browserNow();
  const minutes = Math.floor((now - (foundMs ?? now)) / minuteMs);
  const kind = isDead ? "dead" : bays.free > 0 ? "free" : bays.taken > 0 ? "taken" : "broken";
  const mark = { dead: "✕", free: "●", taken: "◐", broken: "✕" }[kind];
  const all = bays.free + bays.taken + bays.broken + bays.unknown;
  const parts = [
    driverWords.freeOf(bays.free, all),
    ...(bays.taken > 0 ? [`${bays.taken} ${driverWords.states.taken.toLocaleLowerCase(language)}`] : []),
    ...(bays.broken > 0 ? [`${bays.broken} ${driverWords.states.outOfOrder.toLocaleLowerCase(language)}`] : []),
    ...(bays.unknown > 0 ? [`${bays.unknown} ${words.unknown}`] : []),
  ];
  const costs = usualCosts(found, now, language);
  const km = kmTo(row);
  const away = Number.isFinite(km) ? [words.away(figure(km))] : [];
  return element(
    "li",
    { class: kind },
    element("h2", {}, found.name),
    element("p", { class: "soft" }, [place, ...away].join(" · ")),
    element("p", { class: "state" }, `${mark} ${isDead ? words.deadSince(minutes) : parts.join(", ")}`),
    ...(isDead ? [element("p", {}, parts.join(", "))] : []),
    ...(costs.length === 0 ? [] : [element("p", {}, `${driverWords.wouldCost(usualEnergy)}: ${costs.join(" / ")}`)]),
    element("p", { class: "soft" }, isDead ? "" : words.asked(minutes)),
    ...(position === undefined
      ? []
      : [element("a", { href: `geo:${position.latitude},${position.longitude}` }, driverWords.route)]),
    " ",
    element("a", { href: `${address}/`, rel: "noreferrer" }, driverWords.allBays),
  );
}

const figure = (km: number): string =>
  localNumber(km < 10 ? km.toFixed(1) : km.toFixed(0), languageWords[language].price.decimalMark);

function locate(): void {
  const failed = (): void => {
    notice.textContent = words.noPosition;
  };
  const { geolocation } = network.navigator;
  if (geolocation === undefined) return failed();
  geolocation.getCurrentPosition(
    ({ coords }) => {
      here = coords;
      notice.textContent = "";
      show();
    },
    failed,
    { timeout: answerWithinMs, maximumAge: minuteMs },
  );
}

browserWindow.document.title = words.title;
browserWindow.document.documentElement.setAttribute("lang", language);
const near = element("button", { type: "button" }, words.nearMe);
near.addEventListener("click", locate);
const onlyFree = element("input", { type: "checkbox" });
onlyFree.addEventListener("change", () => {
  isOnlyFree = !isOnlyFree;
  show();
});
browserWindow.document.body.append(
  element(
    "main",
    {},
    element("h1", {}, words.title),
    element("div", { class: "bar" }, near, element("label", {}, onlyFree, words.onlyFree)),
    notice,
    list,
  ),
);
show();
void askAll();
