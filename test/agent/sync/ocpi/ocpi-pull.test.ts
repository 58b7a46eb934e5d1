// Tokens and tariffs fetched from a backend: whole or not at all, whatever the server does; and a card that is asked
// about.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { OnlineAnswer } from "../../../../agent/core/cdr/token.js";
import { payloadOf } from "../../../../agent/core/receipt/receipt-payload.js";
import type { Tariff } from "../../../../agent/core/tariff/tariff.js";
import { Disk } from "../../../../agent/ledger/store/disk.js";
import { FetchMark } from "../../../../agent/sync/ocpi/fetch-mark.js";
import { OcpiCheck } from "../../../../agent/sync/ocpi/ocpi-check.js";
import { fetchAll } from "../../../../agent/sync/ocpi/ocpi-fetch.js";
import { OcpiLine } from "../../../../agent/sync/ocpi/ocpi-line.js";
import { nothingPulled, OcpiPull, type PullState, parsePullState } from "../../../../agent/sync/ocpi/ocpi-pull.js";
import { readOcpiTariff } from "../../../../agent/sync/ocpi/ocpi-tariff.js";
import type { OcpiUplinkConfig } from "../../../../config/uplink-schema.js";
import { TestStation, testStationConfig } from "../../../support/station/test-station.js";
import { ListServer, wireTariff, wireToken } from "../../../support/sync/list-server.js";
import { ocpiConfig, TokenFile, token } from "../../../support/sync/uplink-bench.js";
import { HandClock } from "../../../support/time/hand-clock.js";
import { VolatileFiles } from "../../../support/volatile-files.js";

const files = new TokenFile();
const server = await ListServer.open();
const clock = new HandClock();

const configOf = (more: Partial<OcpiUplinkConfig> = {}): OcpiUplinkConfig =>
  ocpiConfig(`${server.url}/cdrs`, files.path, {
    toPartyId: "EMP",
    timeout: 20_000,
    tokensUrl: `${server.url}/tokens`,
    tariffsUrl: `${server.url}/tariffs`,
    ...more,
  });

/** A pull with its table and tariffs in hand. */
function pulling(
  more: Partial<OcpiUplinkConfig> = {},
  only: "tokens" | "both" = "both",
): {
  pull: OcpiPull;
  state: () => PullState;
  tariffs: () => readonly Tariff[];
  faults: Map<string, string>;
  notes: string[];
  writes: () => number;
} {
  let state: PullState = nothingPulled;
  let tariffs: readonly Tariff[] = [];
  const faults = new Map<string, string>();
  const notes: string[] = [];
  let writes = 0;
  const { tariffsUrl = "", ...config } = configOf(more);
  const pull = new OcpiPull({
    config: only === "tokens" ? config : { ...config, tariffsUrl },
    from: { countryCode: "DE", partyId: "CTL" },
    clock,
    random: () => 0.5,
    note: (words) => notes.push(words),
    mark: new FetchMark(new Disk(new VolatileFiles()), "/fetching-office"),
    store: {
      read: () => state,
      write: (next) => {
        writes += 1;
        state = parsePullState(JSON.parse(JSON.stringify(next)));
      },
    },
    tariffs: {
      own: () => tariffs,
      replace: (next) => {
        tariffs = next;
        return true;
      },
    },
    fault: (code, words) => (words === undefined ? faults.delete(code) : faults.set(code, words)),
    die: (error) => {
      throw error;
    },
  });
  return { pull, state: () => state, tariffs: () => tariffs, faults, notes, writes: () => writes };
}

const test = suite("tokens and tariffs from a backend");
test.before.each(() => {
  server.tokens = ["04A1", "04A2", "04A3", "04A4", "04A5"].map((uid) => wireToken(uid));
  server.tariffs = [wireTariff("AC", 0.4)];
  server.instead = undefined;
  server.replaces = () => true;
  server.pageRows = 2;
  server.asked.length = server.headers.length = 0;
  files.write(`${token}\n`);
});

test("come page by page along the Link header, with our token and OCPI's headers", async () => {
  const { pull, tariffs } = pulling();
  const status = await pull.now();
  assert.equal([status.ok, status.tokens, status.words], [true, 5, "5 tokens; 1 tariff"]);
  assert.equal(
    tariffs().map(({ id }) => id),
    ["AC"],
  );
  assert.is(pull.token("04A4")?.contractId, "NL-EMP-04A4");
  assert.is(server.asked.filter((line) => line.startsWith("GET /tokens")).length, 3);
  assert.equal(
    [server.headers[0]?.authorization, server.headers[0]?.["ocpi-to-party-id"]],
    [`Token ${Buffer.from(token).toString("base64")}`, "EMP"],
  );
});

test("come by their changes after that, a blocked one among them, and once a day whole, so that one that was taken out goes", async () => {
  const { pull } = pulling();
  await pull.now();
  server.asked.length = 0;
  server.tokens = [
    wireToken("04A2", { valid: false, last_updated: "2026-11-20T00:00:00Z" }),
    wireToken("04A6", { last_updated: "2026-11-20T00:00:00Z" }),
  ];
  await pull.now(false);
  assert.match(server.asked[0] ?? "", /date_from=2026-11-01T00%3A00%3A00Z/);
  assert.equal([pull.token("04A1")?.valid, pull.token("04A2")?.valid, pull.token("04A6")?.valid], [true, false, true]);
  clock.advance(25 * 3_600_000);
  await pull.now(false);
  assert.equal([pull.token("04A1"), pull.token("04A6")?.valid], [undefined, true]);
});

test("are written where something changed, and not each hour", async () => {
  const { pull, writes, state } = pulling();
  await pull.now();
  assert.is(writes(), 1);
  for (let hour = 0; hour < 5; hour += 1) await pull.now(false);
  assert.is(writes(), 1, "the newest row comes again with each fetch, and is known");
  server.tokens = [wireToken("04A2", { valid: false, last_updated: "2026-11-20T00:00:00Z" })];
  await pull.now(false);
  assert.equal(
    [writes(), state().tokens.find(({ uid }) => uid === "04A2")?.valid, state().from],
    [2, false, "2026-11-20T00:00:00Z"],
  );
  assert.is(pull.status().atMs, clock.now().at);
});

test("a row dated into the future hides no change that comes before it", async () => {
  const { pull, state } = pulling();
  server.tokens = [wireToken("04A1"), wireToken("04A2", { last_updated: "2099-01-01T00:00:00Z" })];
  await pull.now();
  assert.ok(Date.parse(state().from) < Date.parse("2099-01-01T00:00:00Z"), state().from);
});

test("that cannot be fetched are tried again with back-off, for ever, and it is told once", async () => {
  const { pull, notes } = pulling();
  server.instead = (_request, response) => response.writeHead(503).end();
  await pull.now();
  const waits: number[] = [];
  for (let turn = 0; turn < 6; turn += 1) {
    waits.push(clock.nextMs ?? Number.NaN);
    pull.due();
    clock.advance(clock.nextMs ?? 0);
    await pull.settled();
  }
  assert.equal(waits, [75, 150, 300, 600, 750, 750]);
  server.instead = undefined;
  clock.advance(clock.nextMs ?? 0);
  await pull.settled();
  assert.equal([pull.status().ok, clock.nextMs], [true, undefined]);
  assert.equal(
    notes.map((note) => note.split(",")[0]?.split(":")[0]),
    ["tokens and tariffs cannot be fetched", "tokens and tariffs are fetched again"],
  );
});

test("a server that asks to be left alone is, as long as it says", async () => {
  const { pull } = pulling();
  server.instead = (_request, response) => response.writeHead(429, { "Retry-After": "1800" }).end();
  await pull.now();
  assert.is(clock.nextMs, 1_800_000);
  await pull.stop();
  assert.is(clock.nextMs, undefined);
});

test("a schedule's turn comes within its minute, not for a whole street at once", async () => {
  const { pull } = pulling();
  pull.due();
  pull.due();
  assert.equal([clock.nextMs, server.asked.length], [25_000, 0]);
  clock.advance(25_000);
  await pull.settled();
  assert.is(pull.status().ok, true);
});

test("a redirect within the origin is followed", async () => {
  const { pull } = pulling();
  server.replaces = (url) => !/moved/.test(url);
  server.instead = (request, response) => response.writeHead(307, { Location: `${request.url ?? ""}&moved` }).end();
  const status = await pull.now();
  assert.equal([status.ok, status.tokens], [true, 5], status.words);
});

test("a row that cannot be read counts for nothing, and what was known of its card no more", async () => {
  const { pull } = pulling();
  await pull.now();
  server.tokens = [wireToken("04A1", { valid: "yes", last_updated: "2026-11-20T00:00:00Z" })];
  const status = await pull.now(false);
  assert.match(status.words ?? "", /1 row could not be read/);
  assert.equal([pull.token("04A1"), pull.token("04A2")?.valid], [undefined, true]);
});

const halves: readonly [string, (instance: ListServer) => void, RegExp][] = [
  [
    "a server that breaks off after the first page",
    (one) => {
      one.replaces = (url) => /offset=2/.test(url);
      one.instead = (_request, response) => response.destroy();
    },
    /cut|no answer/,
  ],
  [
    "a next page at another place",
    (one) =>
      (one.instead = (_request, response) =>
        response
          .writeHead(200, { Link: '<https://evil.example/tokens>; rel="next"' })
          .end('{"status_code":1000,"data":[]}')),
    /evil\.example, where the token must not go/,
  ],
  [
    "a redirect to another place",
    (one) =>
      (one.instead = (_request, response) =>
        response.writeHead(307, { Location: "https://evil.example/tokens" }).end()),
    /redirects to https:\/\/evil\.example, where the token must not go/,
  ],
  [
    "a redirect to a login page",
    (one) => (one.instead = (_request, response) => response.writeHead(302, { Location: "/login" }).end()),
    /redirects \(HTTP 302\), which is not followed: a login page of the network, or a wrong tokensUrl/,
  ],
  [
    "redirects without end",
    (one) => (one.instead = (request, response) => response.writeHead(308, { Location: request.url }).end()),
    /redirects \(HTTP 308\)/,
  ],
  [
    "pages that lead round in a circle",
    (one) =>
      (one.instead = (_request, response) =>
        response
          .writeHead(200, { Link: `<${one.url}/tokens?offset=0&limit=500>; rel="next"` })
          .end('{"status_code":1000,"data":[]}')),
    /round in a circle/,
  ],
  [
    "a list that ends early",
    (one) =>
      (one.instead = (_request, response) =>
        response.writeHead(200, { "X-Total-Count": "9" }).end('{"status_code":1000,"data":[]}')),
    /ends after 0 of 9 rows/,
  ],
  [
    "a login page",
    (one) => (one.instead = (_request, response) => response.end("<html>")),
    /not an OCPI answer \(a login page/,
  ],
  [
    "a wrong token",
    (one) => (one.instead = (_request, response) => response.writeHead(401).end('{"status_code":2001}')),
    /does not accept the token in /,
  ],
  [
    "a wrong token by OCPI's code alone",
    (one) => (one.instead = (_request, response) => response.end('{"status_code":3000}')),
    /some backends answer so to a wrong token/,
  ],
  [
    "a wrong address",
    (one) => (one.instead = (_request, response) => response.writeHead(404).end()),
    /check tokensUrl/,
  ],
  [
    "an answer without a list",
    (one) => (one.instead = (_request, response) => response.end('{"status_code":1000,"data":{}}')),
    /holds no list/,
  ],
  [
    "a list longer than a page may be",
    (one) => (one.instead = (_request, response) => response.end("x".repeat(9 * 1024 * 1024))),
    /longer than any OCPI answer/,
  ],
];
for (const [title, spoil, said] of halves) {
  test(`${title} changes nothing and is said in words`, async () => {
    const { pull, state, tariffs } = pulling();
    await pull.now();
    const [before, sold] = [state().tokens, tariffs()];
    spoil(server);
    const status = await pull.now();
    assert.is(status.ok, false);
    assert.match(status.words ?? "", said);
    assert.equal([state().tokens, tariffs()], [before, sold]);
    assert.ok(pull.token("04A1"));
    await pull.stop();
  });
}

test("a server that drips is given up after its time, and so is one page after another without end", async () => {
  const fetchWithin = async (timeoutMs: number, totalMs: number): Promise<string> => {
    const line = new OcpiLine(configOf(), { countryCode: "DE", partyId: "CTL" }, new URL(server.url), clock);
    const fetched = await fetchAll(
      line,
      {
        clock,
        url: new URL(`${server.url}/tokens`),
        tokenFile: files.path,
        key: "tokensUrl",
        timeoutMs,
        totalMs,
        bounds: { rows: 10, bytes: 10_000, values: 1_000 },
      },
      new AbortController().signal,
      () => undefined,
    );
    line.close();
    return fetched.ok ? "fetched" : fetched.words;
  };
  server.instead = (_request, response) => {
    // A write to a connection that is gone is told at once, by an error alone (Node 24): who writes on spins.
    const drip = (gone?: Error | null): void => {
      clock.advance(50);
      if (!gone && !response.destroyed) response.write(" ", drip);
    };
    return response.write(" ", drip);
  };
  assert.match(await fetchWithin(200, 60_000), /no answer in time/);
  let page = 0;
  server.instead = (_request, response) => {
    page += 1;
    clock.advance(100);
    const next = `<${server.url}/tokens?offset=${page}>; rel="next"`;
    return response.writeHead(200, { Link: next }).end('{"status_code":1000,"data":[]}');
  };
  assert.match(await fetchWithin(60_000, 1_000), /not whole within 1 s/);
  assert.is(page, 10);
});

test("a tariff that cannot be priced exactly is named, and the one before it stays; the others are taken up", async () => {
  const { pull, tariffs, faults } = pulling();
  await pull.now();
  server.tariffs = [
    wireTariff("AC", 0.5, {
      elements: [
        { price_components: [{ type: "ENERGY", price: 0.5, step_size: 1 }], restrictions: { moon_phase: "full" } },
      ],
    }),
    wireTariff("DC", 0.7),
  ];
  const status = await pull.now(false);
  assert.is(status.ok, true);
  assert.match(
    faults.get("tariff/refused") ?? "",
    /tariff "AC" cannot be sold by: .*moon_phase.*the one before it stays in force/,
  );
  assert.equal(
    tariffs().map(({ id, elements }) => [id, elements[0]?.components[0]?.price.digits]),
    [
      ["AC", 4n],
      ["DC", 7n],
    ],
  );
  server.tariffs = [wireTariff("AC", 0.5), wireTariff("new", 0.5)].map((tariff, index) =>
    index === 0 ? tariff : { ...tariff, currency: "euro" },
  );
  assert.is((await pull.now(false)).words, "5 tokens; 1 tariff, 1 could not be taken up");
  assert.not.match(faults.get("tariff/refused") ?? "", /stays in force/, "there is none before it");
  server.tariffs = [wireTariff("AC", 0.5)];
  await pull.now(false);
  assert.is(faults.size, 0);
  assert.equal(
    tariffs().map(({ id }) => id),
    ["AC"],
    "one that is listed no more is sold by no more",
  );
});
test.run();

const foreign = suite("a backend's tariff with fields of its own");
const sold = (more: object): ReturnType<typeof readOcpiTariff> => readOcpiTariff(wireTariff("AC", 0.4, more));

foreign("is taken up without those that say nothing of a price", () => {
  const read = sold({
    name: "Street",
    evse_uids: ["1"],
    created_at: "x",
    x_colour: null,
    energy_mix: { is_green_energy: true, certificate: "A" },
  });
  assert.ok(read.ok);
  if (!read.ok) return;
  assert.equal(read.tariff.source, wireTariff("AC", 0.4, { energy_mix: { is_green_energy: true } }));
});

foreign("may bear notes in its elements and components", () => {
  const components = [{ type: "ENERGY", price: 1, step_size: 1, note: "x", id: "7" }];
  assert.ok(sold({ elements: [{ price_components: components, label: "x", last_updated: "x" }] }).ok);
});

for (const [what, more] of [
  ["money", { extra_fee: 1 }],
  ["money, in another writing", { extraFee: 1 }],
  ["a tax", { "vat-rate": 19 }],
  ["a discount", { discount: 10 }],
  ["a time", { free_minutes: 30 }],
  ["validity", { valid_until: "2027-01-01T00:00:00Z" }],
  ["a known field, misspelt", { max_prise: { excl_vat: 1 } }],
  [
    "a restriction",
    { elements: [{ price_components: [{ type: "ENERGY", price: 1, step_size: 1 }], restrictions: { holiday: true } }] },
  ],
  [
    "a component's own",
    { elements: [{ price_components: [{ type: "ENERGY", price: 1, step_size: 1, rounding: 2, price_round: {} }] }] },
  ],
  ["an element's own", { elements: [{ price_components: [{ type: "ENERGY", price: 1, step_size: 1 }], discount: 5 }] }],
] as const)
  foreign(`is refused where one may bear on the price: ${what}`, () => assert.is(sold(more).ok, false));
foreign("is refused by its id and the first fault", () =>
  assert.equal(sold({ elements: [] }), { ok: false, id: "AC", why: "elements: a tariff needs at least one element" }),
);
foreign("that is none is refused without one", () => assert.is(readOcpiTariff(["AC"]).ok, false));
foreign.run();

const asking = suite("a card that an OCPI backend is asked about");
const askServer = await ListServer.open();
asking.after(() => askServer.close());
const card = "0A0B0C0D";
async function ask(
  data: unknown,
  more: { status?: number; code?: number } = {},
  connector: number | null = 1,
): Promise<OnlineAnswer | undefined> {
  askServer.authorize = () => ({ ...more, data });
  const check = new OcpiCheck({
    config: configOf(),
    tokensUrl: `${askServer.url}/tokens`,
    from: { countryCode: "DE", partyId: "CTL" },
    clock,
    locationId: "LOC-1",
    evseUid: () => "DE*CTL*E0001*1",
    timeoutMs: 20_000,
  });
  const answer = await check.ask(card, connector, new AbortController().signal);
  check.close();
  return answer;
}
asking.before.each(() => files.write(`${token}\n`));

asking("is named in the address with its type, and the EVSE in the body", async () => {
  let seen: unknown;
  await ask({ allowed: "ALLOWED", token: wireToken(card) });
  askServer.authorize = (_uid, body) => {
    seen = body;
    return { data: { allowed: "BLOCKED", token: wireToken(card) } };
  };
  const check = new OcpiCheck({
    config: configOf(),
    tokensUrl: `${askServer.url}/tokens/`,
    from: { countryCode: "DE", partyId: "CTL" },
    clock,
    locationId: "LOC-1",
    evseUid: () => "E1",
    timeoutMs: 20_000,
  });
  await check.ask(card, 1, new AbortController().signal);
  check.close();
  assert.is(askServer.asked.at(-1), `POST /tokens/${card}/authorize?type=RFID`);
  assert.equal(seen, { location_id: "LOC-1", evse_uids: ["E1"] });
});

const answers: readonly [
  string,
  Promise<OnlineAnswer | undefined> | (() => Promise<OnlineAnswer | undefined>),
  Partial<OnlineAnswer> | undefined,
][] = [
  [
    "allowed, with the reference, the group and the owner of the contract",
    () =>
      ask({
        allowed: "ALLOWED",
        token: wireToken(card, { group_id: "G" }),
        authorization_reference: "REF",
        info: { language: "en", text: "hello\n you" },
      }),
    {
      allowed: "ALLOWED",
      token: {
        uid: card,
        type: "RFID",
        contractId: `NL-EMP-${card}`,
        countryCode: "NL",
        partyId: "EMP",
        provider: "EMP",
      },
      group: "G",
      authorizationReference: "REF",
      info: "hello you",
    },
  ],
  [
    "allowed for once where it must be asked each time",
    () => ask({ allowed: "ALLOWED", token: wireToken(card, { whitelist: "NEVER" }) }),
    {
      allowed: "ALLOWED",
      token: {
        uid: card,
        type: "RFID",
        contractId: `NL-EMP-${card}`,
        countryCode: "NL",
        partyId: "EMP",
        provider: "EMP",
      },
      once: true,
    },
  ],
  ["refused", () => ask({ allowed: "NO_CREDIT", token: wireToken(card) }), { allowed: "NO_CREDIT" }],
  [
    "not allowed at this EVSE",
    () =>
      ask({ allowed: "ALLOWED", token: wireToken(card), location: { location_id: "LOC-1", evse_uids: ["another"] } }),
    { allowed: "NOT_ALLOWED" },
  ],
  [
    "blocked by its own token",
    () => ask({ allowed: "ALLOWED", token: wireToken(card, { valid: false }) }),
    { allowed: "BLOCKED" },
  ],
  ["not known", () => ask(undefined, { code: 2004 }), { allowed: "NOT_KNOWN" }],
  ["not known, as the standard has it", () => ask(undefined, { status: 404, code: 2004 }), { allowed: "NOT_KNOWN" }],
  [
    "not known, by HTTP's status and OCPI's general code",
    () => ask(undefined, { status: 404, code: 2000 }),
    { allowed: "NOT_KNOWN" },
  ],
  [
    "not known, by HTTP's status in an envelope of OCPI",
    () => ask(undefined, { status: 404, code: 1000 }),
    { allowed: "NOT_KNOWN" },
  ],
  ["no answer where the server fails to find anything", () => ask(undefined, { status: 404, code: 3000 }), undefined],
  ["no answer where nobody would be billed", () => ask({ allowed: "ALLOWED" }), undefined],
  ["no answer where the backend fails", () => ask(undefined, { status: 500, code: 3001 }), undefined],
  ["no answer where OCPI asks for more", () => ask(undefined, { code: 2002 }), undefined],
];
for (const [title, got, expected] of answers)
  asking(`gives: ${title}`, async () => assert.equal(await (typeof got === "function" ? got() : got), expected));

asking("is not known by a bare 404 only where the same address has answered for another token", async () => {
  const check = new OcpiCheck({
    config: configOf(),
    tokensUrl: `${askServer.url}/tokens`,
    from: { countryCode: "DE", partyId: "CTL" },
    clock,
    locationId: "LOC-1",
    evseUid: () => "E1",
    timeoutMs: 20_000,
  });
  const ask = (uid: string): Promise<OnlineAnswer | undefined> => check.ask(uid, 1, new AbortController().signal);
  askServer.authorize = (uid) => ({ data: { allowed: "ALLOWED", token: wireToken(uid) } });
  askServer.instead = (_request, response) => response.writeHead(404).end("<html>Not Found</html>");
  askServer.replaces = (url) => url.includes("/04DEAD/");
  try {
    assert.is(await ask("04DEAD"), undefined);
    assert.is((await ask(card))?.allowed, "ALLOWED");
    assert.equal(await ask("04DEAD"), { allowed: "NOT_KNOWN" });
  } finally {
    askServer.instead = undefined;
    askServer.replaces = () => true;
    check.close();
  }
});
asking.run();

const house = suite("a station with an OCPI backend");
house.after(async () => {
  await server.close();
  files.remove();
});
house(
  "takes up what is fetched: a blocked card is refused, a new tariff sold by, and both stand after a restart",
  async () => {
    files.write(`${token}\n`);
    const backend = await ListServer.open();
    backend.tokens = [
      wireToken("0A0B0C0D"),
      wireToken("0A0B0C0E", { valid: false }),
      wireToken("0A0B0C0F", { whitelist: "NEVER" }),
    ];
    backend.tariffs = [wireTariff("standard", 0.31)];
    backend.authorize = (uid) => ({
      data: { allowed: "ALLOWED", token: wireToken(uid), authorization_reference: "ASKED" },
    });
    const uplink = configOf({
      url: `${backend.url}/cdrs`,
      tokensUrl: `${backend.url}/tokens`,
      tariffsUrl: `${backend.url}/tariffs`,
    });
    const station = new TestStation(testStationConfig((config) => ({ ...config, uplinks: [uplink] })));
    await Promise.all(station.services.pulls.map((pull) => pull.now()));
    const next = await station.again();
    await next.plug(1);
    await next.tap("0A0B0C0E");
    assert.is(next.answers().at(-1), "this card is blocked");
    await next.tap("0A0B0C0F");
    await next.clock.pass(2_000);
    const session = next.session(1);
    assert.is(session.state, "charging");
    if (session.state !== "charging") return;
    assert.equal(
      [session.sale.opening.acceptance.authMethod, session.sale.opening.acceptance.authorizationReference],
      ["AUTH_REQUEST", "ASKED"],
    );
    assert.match(session.sale.opening.shown.text, /0\.31/);
    // A new version, and one that begins in an hour: the session that runs keeps its price, the next one has the new
    // one.
    const hour = 3_600_000;
    const { at } = next.clock.now();
    backend.tariffs = [
      wireTariff("standard", 0.99, {
        last_updated: "2026-11-20T00:00:00Z",
        end_date_time: new Date(at + hour).toISOString(),
      }),
      wireTariff("standard", 1.23, {
        last_updated: "2026-11-20T00:00:00Z",
        start_date_time: new Date(at + hour).toISOString(),
      }),
    ];
    await Promise.all(next.services.pulls.map((pull) => pull.now()));
    await next.charge(1, 100);
    await next.plug(1, false);
    await next.clock.pass(2_000);
    const { book } = next.services;
    const sold = (): string => {
      const payload = payloadOf(book.get(book.count())?.jws ?? "");
      return payload?.kind === "sale"
        ? `${payload.sale.energyKwh} kWh for ${payload.sale.price.totalCost.excl}`
        : "no sale";
    };
    assert.is(sold(), "0.100 kWh for 0.031");
    const sell = async (): Promise<string> => {
      await next.plug(1);
      await next.tap("0A0B0C0F");
      await next.clock.pass(2_000);
      await next.charge(1, 100);
      await next.plug(1, false);
      await next.clock.pass(2_000);
      return sold();
    };
    assert.is(await sell(), "0.100 kWh for 0.099");
    await next.clock.pass(hour);
    assert.is(await sell(), "0.100 kWh for 0.123");
    await next.close();
    await Promise.all([...next.services.outboxes, ...next.services.pulls].map((one) => one.stop()));
    await backend.close();
  },
);
house.run();
