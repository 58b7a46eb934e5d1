// chargetill meter watch: what the meters show now and how good their lines are, as a table that stands still in a
// terminal, and look after look in a pipe. A line that is touched while one watches shows it at once: its errors are
// counted since the watch began, too.

import type { LineCounts } from "../../drivers/meter/meter-bus.js";
import { kwhDisplay } from "../core/number/energy-text.js";
import { wrappedLines } from "../core/print/receipt-text.js";
import type { DeviceAccess } from "../technician/device-access.js";
import { type MeterLook, serialWords } from "../technician/device-requests.js";
import { look } from "../technician/meter-acceptance.js";
import { printResult, type StationOptions, screenColumns, tableLines } from "./shared/command.js";
import { withDevices } from "./shared/with-devices.js";

export type WatchOptions = StationOptions & {
  readonly every: number;
  readonly count?: number;
  readonly registers?: true;
};
type WatchedMeter = MeterLook | { readonly connector: number; readonly fault: string };
type PortLook = { readonly port: string; readonly now: LineCounts; readonly first: LineCounts };

/** Exit 1 when a meter could not be read in the last look; ctrl-C ends it as the last of `--count` does. */
export async function watchMeters(connector: number | undefined, options: WatchOptions): Promise<void> {
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  const interruption = new Promise<void>((resolve) => stop.signal.addEventListener("abort", () => resolve()));
  process.on("SIGINT", interrupt);
  try {
    await withDevices(options, async (devices, { config }) => {
      const ids = connector === undefined ? config.connectors.map(({ id }) => id) : [connector];
      const names = [...new Set(config.connectors.filter(({ id }) => ids.includes(id)).map(({ meter }) => meter.port))];
      const firsts = new Map<string, LineCounts>();
      const draw = drawing();
      let failed = 0;
      for (let left = options.count ?? Number.POSITIVE_INFINITY; left > 0 && !stop.signal.aborted; left -= 1) {
        const looks: WatchedMeter[] = [];
        for (const id of ids) looks.push(await look(devices, id, options.registers === true));
        failed = looks.filter((each) => "fault" in each).length;
        if (options.json === true) printResult(options, looks, []);
        else draw(watchLines(looks, await portLooks(devices, names, firsts)));
        if (left > 1) await Promise.race([devices.pause(options.every * 1_000), interruption]);
      }
      return failed === 0 ? 0 : 1;
    });
  } finally {
    process.off("SIGINT", interrupt);
  }
}

/**
 * The counts of each line now, beside those of the first look at it. They are asked for by themselves: a meter that is
 * silent is what one watches for.
 */
async function portLooks(
  devices: DeviceAccess,
  names: readonly string[],
  firsts: Map<string, LineCounts>,
): Promise<PortLook[]> {
  const ports: PortLook[] = [];
  for (const port of names) {
    const now = (await devices.ask({ do: "line-look", port })) as LineCounts | null;
    if (now === null) continue;
    const first = firsts.get(port) ?? now;
    firsts.set(port, first);
    ports.push({ port, now, first });
  }
  return ports;
}

/** The table of one look. */
function watchLines(looks: readonly WatchedMeter[], ports: readonly PortLook[]): string[] {
  const right = (rows: readonly (readonly string[])[], from: number): string[][] => {
    const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
    return rows.map((row) => row.map((cell, column) => (column < from ? cell : cell.padStart(widths[column] ?? 0))));
  };
  const seen = looks.flatMap((one) => ("fault" in one ? [] : [one]));
  const rows = right(
    [
      ["connector", "meter", "serial", "kWh", "W", "A"],
      ...seen.map(({ connector, identity, reading }) => [
        String(connector),
        identity.model,
        serialWords(identity),
        kwhDisplay(reading.energyMilliWh),
        String(reading.powerW),
        reading.currentMilliA === undefined ? "-" : (reading.currentMilliA / 1_000).toFixed(2),
      ]),
    ],
    3,
  );
  const faults = looks.flatMap((one) => ("fault" in one ? [`connector ${one.connector}: ${one.fault}`] : []));
  const registers = seen.flatMap(({ connector, registers: all }) =>
    all === undefined
      ? []
      : [
          `connector ${connector}:`,
          ...tableLines(
            all.map((shown) => [" ", shown.register, "fault" in shown ? shown.fault : `${shown.value} ${shown.unit}`]),
          ),
        ],
  );
  return [...(seen.length === 0 ? [] : tableLines(rows)), ...faults, ...ports.flatMap(lineLines), ...registers];
}

function lineLines({ port, now, first }: PortLook): string[] {
  const asked = now.asked - first.asked;
  const failed = now.asked - now.answered - (first.asked - first.answered);
  return [
    `line ${port}: ${now.asked} asked, ${rate(now.asked - now.answered, now.asked)}, ${now.strayBytes} late or stray bytes`,
    `  failed: ${now.timedOut} timed out, ${now.garbled} garbled, ${now.refused} refused`,
    `  in this watch: ${asked} asked, ${rate(failed, asked)}, ${now.strayBytes - first.strayBytes} late or stray bytes`,
  ];
}

const rate = (failed: number, asked: number): string =>
  `${failed} failed (${asked === 0 ? "0.0" : ((failed / asked) * 100).toFixed(1)} %)`;

/** Prints a table over the one before it in a terminal, below it elsewhere. */
function drawing(): (lines: readonly string[]) => void {
  const columns = screenColumns();
  let drawn = 0;
  return (lines) => {
    // A line that the terminal broke would be two, and the next table would be drawn a line too low.
    const shown = lines.flatMap((line) => (line.length <= columns ? [line] : wrappedLines(line, columns)));
    process.stdout.write(
      `${drawn > 0 && columns !== Number.POSITIVE_INFINITY ? `\x1b[${drawn}A\x1b[J` : ""}${shown.join("\n")}\n`,
    );
    drawn = shown.length;
  };
}
