// chargetill tariff explain --config: what the station shows before a tap, connector by connector, by the same price board.
import { resolve } from "node:path";
import type { Language } from "../../config/languages.js";
import type { LoadedConfig } from "../../config/load.js";
import type { ConnectorConfig } from "../../config/schema.js";
import { wallNow } from "../../drivers/clock.js";
import { Failure } from "../core/failure.js";
import type { OcpiVersion } from "../core/tariff/tariff.js";
import { Disk } from "../ledger/store/disk.js";
import { ActiveTariffs } from "../tariffs/active-tariffs.js";
import { PushedTariffs } from "../tariffs/pushed-tariffs.js";
import { readTariff } from "../tariffs/tariff-file.js";
import { complain } from "./shared/command.js";

/** What stands before a tap at some connectors that show the same. */
export type StationBoard = { readonly connectors: readonly number[]; readonly lines: readonly string[] };

/** What the station adds to a tariff, which the tariff's own file does not hold. */
export const stationAdds =
  "A station adds to this its own limits at which a session ends, a free start of each idle time, and how long a car may " +
  "take no energy: --config shows them with the price, as its display does";

/**
 * The boards of a config at this hour by a set clock, those that are alike together; `path` = a tariff in place of the
 * config's own of that id. Throws Failure where the config or a tariff cannot be used, or no connector sells by it.
 */
export function stationBoards(
  loaded: LoadedConfig,
  path: string | undefined,
  options: { readonly lang?: Language; readonly ocpi?: OcpiVersion },
): readonly StationBoard[] {
  const { config } = loaded;
  const asked = path === undefined ? undefined : readTariff(path, options.ocpi).id;
  const connectors = config.connectors.filter(({ tariff }) => asked === undefined || tariff === asked);
  if (connectors.length === 0)
    throw new Failure("usage/invalid", `no connector of the config sells by tariff "${asked}"`);
  const isAnother = (file: string): boolean => readTariff(loaded.resolve(file), undefined).id !== asked;
  const board = new ActiveTariffs(
    {
      ...loaded,
      config: {
        ...config,
        language: options.lang ?? config.language,
        tariffs: path === undefined ? config.tariffs : [...config.tariffs.filter(isAnother), resolve(path)],
      },
    },
    { read: () => ({}), write: () => undefined },
    pushedTariffs(config.state),
  );
  const moment = { at: wallNow(), monoMs: 0, boot: "", trust: "synced" } as const;
  return grouped(connectors, (connector) => board.lines(connector, moment));
}

function grouped(
  connectors: readonly ConnectorConfig[],
  linesOf: (connector: ConnectorConfig) => readonly string[],
): readonly StationBoard[] {
  const boards = new Map<string, StationBoard>();
  for (const connector of connectors) {
    const lines = linesOf(connector);
    const same = boards.get(lines.join("\n"))?.connectors ?? [];
    boards.set(lines.join("\n"), { connectors: [...same, connector.id], lines });
  }
  return [...boards.values()];
}

/** What backends have sent comes before the files; who may not read the state folder is told that it is left out. */
function pushedTariffs(state: string): ConstructorParameters<typeof ActiveTariffs>[2] {
  try {
    return PushedTariffs.view(new Disk(), state);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    complain(`tariffs that a backend has sent are left out: ${error.message}`);
    return undefined;
  }
}
