// The station as OCPI tells of it (mod_locations, mod_tariffs): version 2.3.0 where a price includes tax, which 2.2.1
// cannot say, else 2.2.1.

import { evseUidOf } from "../../core/cdr/cdr.js";
import { isObject } from "../../core/json/json-reader.js";
import { type OcpiVersion, versionOf } from "../../core/tariff/tariff.js";
import { isoText } from "../../core/time/time.js";
import type { StationView } from "../link/station-link.js";

type Fields = Readonly<Record<string, unknown>>;
type Facts = StationView["hello"]["connectors"][number];

/** Line to neutral, as OCPI wants it; what a charging socket has in Europe. */
const acVolts = 230;
const phases: ReadonlyMap<string, number> = new Map([
  ["AC_1_PHASE", 1],
  ["AC_2_PHASE", 2],
  ["AC_2_PHASE_SPLIT", 2],
  ["AC_3_PHASE", 3],
]);
/** What a DC connector is stated with where nothing better is known. */
const dcVolts = 400;

const tariffSources = ({ tariffs }: StationView): readonly Fields[] =>
  tariffs.map(({ tariff }) => tariff).filter(isObject);

/** The version that can say all of these tariffs. */
export const versionFor = (view: StationView): OcpiVersion =>
  tariffSources(view).some((tariff) => versionOf(tariff) === "2.3.0") ? "2.3.0" : "2.2.1";

/** The tariffs in force. One of 2.2.1, whose prices are before tax, says so where 2.3.0 asks for it. */
export function ocpiTariffs(view: StationView): readonly Fields[] {
  const { countryCode, partyId } = view.hello.station;
  const isNewer = versionFor(view) === "2.3.0";
  return view.tariffs.flatMap(({ tariff, sinceMs }) => {
    if (!isObject(tariff)) return [];
    const stated = { country_code: countryCode, party_id: partyId, last_updated: isoText(sinceMs), ...tariff };
    return [isNewer && versionOf(tariff) === "2.2.1" ? asNewer(stated) : stated];
  });
}

/** A tariff of 2.2.1 in the words of 2.3.0: its prices are before tax, its limits too. */
function asNewer({ min_price: least, max_price: most, ...rest }: Fields): Fields {
  const limit = (name: string, price: unknown): Fields =>
    isObject(price) && price["excl_vat"] !== undefined ? { [name]: { before_taxes: price["excl_vat"] } } : {};
  return { ...rest, ...limit("min_price", least), ...limit("max_price", most), tax_included: "NO" };
}

/** The one Location with its EVSEs, each with its status. */
export function ocpiLocation(view: StationView): Fields {
  const { countryCode, partyId, location, operator, timeZone } = view.hello.station;
  const evses = view.hello.connectors.map((facts) => evseOf(view, facts));
  const changed = evses.map(({ last_updated: at }) => at).sort();
  return {
    country_code: countryCode,
    party_id: partyId,
    id: location.id,
    publish: true,
    name: location.name,
    address: location.address,
    city: location.city,
    postal_code: location.postalCode,
    country: location.country,
    coordinates: { latitude: location.latitude, longitude: location.longitude },
    evses,
    operator: { name: operator.name },
    time_zone: timeZone,
    last_updated: changed.at(-1) ?? isoText(view.state.atMs),
  };
}

function evseOf(view: StationView, facts: Facts): Fields & { readonly last_updated: string } {
  const state = view.state.connectors.find(({ id }) => id === facts.id);
  const sold = view.tariffs.find(({ connectors }) => connectors.includes(facts.id));
  const since = isoText(Math.max(state?.sinceMs ?? 0, sold?.sinceMs ?? 0));
  const id = isObject(sold?.tariff) && "id" in sold.tariff ? [String(sold.tariff["id"])] : [];
  return {
    uid: evseUidOf(view.hello.station, facts),
    evse_id: facts.evseId,
    // Nobody knows how it stands while the station does not answer.
    status: view.connected ? (state?.status ?? "UNKNOWN") : "UNKNOWN",
    capabilities: ["RFID_READER"],
    connectors: [
      {
        id: String(facts.id),
        standard: facts.standard,
        format: facts.format,
        power_type: facts.powerType,
        ...ratings(facts),
        max_electric_power: facts.maxPowerW,
        tariff_ids: id,
        last_updated: since,
      },
    ],
    last_updated: since,
  };
}

function ratings({ powerType, maxPowerW }: Facts): Fields {
  const count = phases.get(powerType);
  const volts = count === undefined ? dcVolts : acVolts;
  return { max_voltage: volts, max_amperage: Math.floor(maxPowerW / (volts * (count ?? 1))) };
}
