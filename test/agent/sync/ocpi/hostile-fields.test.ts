// A backend that puts into each field of its tokens, tariffs and answers about a card, in turn, what no field was meant
// to hold: taken without what is not meant, or refused by name, and the next row is read well.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { canonicalText } from "../../../../agent/core/json/json-text.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";
import { OcpiCheck } from "../../../../agent/sync/ocpi/ocpi-check.js";
import { TariffList, TokenList } from "../../../../agent/sync/ocpi/ocpi-lists.js";
import { envelopeOf } from "../../../../agent/sync/ocpi/ocpi-verdict.js";
import { hostileTexts, mayBeShown, textsIn } from "../../../support/sync/hostile-values.js";
import { ListServer, wireTariff, wireToken } from "../../../support/sync/list-server.js";
import { ocpiConfig, TokenFile, token } from "../../../support/sync/uplink-bench.js";
import { HandClock } from "../../../support/time/hand-clock.js";

const test = suite("a hostile field");
const mostValues = 100_000;
const longestWords = 1_000;

const page = (row: string, good: object): string =>
  `{"status_code":1000,"timestamp":"2026-11-24T12:00:00Z","data":[${row},${JSON.stringify(good)}]}`;

/** The rows of a page; none where the page costs too much, as a list of them says. */
function rowsOf(text: string): readonly unknown[] {
  const data = envelopeOf(text, mostValues)?.data;
  return Array.isArray(data) ? (data as unknown[]) : [];
}

const fullToken = {
  ...wireToken("04A1"),
  visual_number: "1",
  group_id: "G",
  language: "de",
  default_profile_type: "GREEN",
  energy_contract: { supplier_name: "S", contract_id: "C" },
};
const fullTariff = {
  ...wireTariff("T", 0.4),
  type: "REGULAR",
  tariff_alt_text: [{ language: "de", text: "Strom" }],
  tariff_alt_url: "https://x.example",
  min_price: { excl_vat: 0.5, incl_vat: 0.6 },
  max_price: { excl_vat: 50, incl_vat: 60 },
  start_date_time: "2026-01-01T00:00:00Z",
  end_date_time: "2099-01-01T00:00:00Z",
  energy_mix: {
    is_green_energy: true,
    energy_sources: [{ source: "WIND", percentage: 100 }],
    environ_impact: [{ category: "NUCLEAR_WASTE", amount: 0 }],
    supplier_name: "S",
    energy_product_name: "P",
  },
  elements: [
    {
      price_components: [{ type: "ENERGY", price: 0.4, vat: 19, step_size: 1 }],
      restrictions: {
        start_time: "08:00",
        end_time: "20:00",
        start_date: "2026-01-01",
        min_kwh: 1,
        day_of_week: ["MONDAY"],
      },
    },
  ],
};

test("of a token: the row counts for nothing, or is kept by what can be shown, and the next one is kept", () => {
  let [kept, left] = [0, 0];
  for (const { what, text } of hostileTexts(fullToken)) {
    const list = new TokenList([], "");
    const rows = rowsOf(page(text, wireToken("04B2")));
    list.take(rows);
    if (rows.length > 0) assert.ok(list.tokens.has("04B2"), what);
    const other = [...list.tokens.values()].find(({ uid }) => uid !== "04B2");
    if (other === undefined) left += 1;
    else kept += 1;
    for (const { provider = "", ...token } of list.tokens.values()) {
      for (const one of textsIn([token])) assert.ok(mayBeShown(one) && one.length <= 36, `${what}: ${one}`);
      // OCPI 2.2.1, mod_tokens: issuer is string(64).
      assert.ok(mayBeShown(provider) && provider.length <= 64, `${what}: ${provider}`);
    }
    assert.ok(mayBeShown(list.from()) && list.from().length <= 40, what);
  }
  assert.ok(kept > 20 && left > 100, `${kept} kept, ${left} left out`);
});

test("of a tariff: refused in words that can be shown, or sold by what can be read again, and the next one is sold by", () => {
  let [sold, refused] = [0, 0];
  for (const { what, text } of hostileTexts(fullTariff)) {
    const list = new TariffList([]);
    const rows = rowsOf(page(text, wireTariff("GOOD", 0.4)));
    list.take(rows);
    if (rows.length > 0) assert.is(list.tariffs.at(-1)?.id, "GOOD", what);
    for (const words of [list.words, list.refusal ?? "", ...list.refused])
      assert.ok(mayBeShown(words) && words.length < longestWords, `${what}: ${words.slice(0, longestWords)}`);
    refused += list.refused.length;
    for (const { source, id } of list.tariffs.slice(0, -1)) {
      sold += 1;
      assert.not(["__proto__", "   "].includes(id), what);
      // What is kept is read at the next start.
      assert.ok(parseTariff(JSON.parse(canonicalText(source))).ok, what);
      for (const one of textsIn(source)) assert.ok(mayBeShown(one) && one.length <= 1_000, what);
    }
  }
  assert.ok(sold > 50 && refused > 200, `${sold} sold by, ${refused} refused`);
});

test("of an answer about a card: judged by what can be shown, or no answer", async () => {
  const server = await ListServer.open();
  const files = new TokenFile();
  files.write(token);
  const check = new OcpiCheck({
    config: ocpiConfig(server.url, files.path, { toPartyId: "EMP", timeout: 20_000 }),
    tokensUrl: `${server.url}/tokens`,
    from: { countryCode: "DE", partyId: "CTL" },
    clock: new HandClock(),
    locationId: "L",
    evseUid: () => "E",
    timeoutMs: 5_000,
  });
  const answer = {
    status_code: 1000,
    status_message: "ok",
    timestamp: "2026-11-24T12:00:00Z",
    data: {
      allowed: "ALLOWED",
      token: fullToken,
      location: { location_id: "L", evse_uids: ["E"] },
      authorization_reference: "R",
      info: { language: "de", text: "Hallo" },
    },
  };
  try {
    let allowed = 0;
    for (const { what, text } of hostileTexts(answer)) {
      server.instead = (_request, response) => response.end(text);
      const said = await check.ask("04A1", 1, new AbortController().signal);
      if (said?.allowed === "ALLOWED") allowed += 1;
      for (const one of textsIn(said)) assert.ok(mayBeShown(one) && one.length <= 100, `${what}: ${one}`);
    }
    assert.ok(allowed > 50, String(allowed));
  } finally {
    check.close();
    await server.close();
  }
});

test.run();
