// SecurityEventNotification (2.x: A04; 1.6: the security paper): what a CSMS is to know of the station's safety. Kept
// over restarts, until it has been told, and for the security log that a CSMS may ask for.
import { join } from "node:path";
import { z } from "zod";
import type { Clock } from "../../../../drivers/driver.js";
import type { Disk } from "../../../ledger/store/disk.js";
import { Table } from "../../../ledger/store/table.js";
import type { Dialect } from "../rpc/frame.js";
import { CallLost, callFailure, type Rpc } from "../rpc/rpc.js";
import { timeText } from "../transactions/completed-transaction.js";

/** Of more than these the oldest are forgotten. */
const mostKept = 100;
/** The longest techInfo of OCPP. */
const longestInfo = 255;

const event = z.strictObject({
  type: z.string(),
  timestamp: z.string(),
  techInfo: z.string().max(longestInfo).optional(),
  told: z.boolean(),
});
const shape = z.strictObject({
  /** Of the program, as it was told last. */
  version: z.string(),
  events: z.array(event).max(mostKept),
});
type KeptEvents = z.infer<typeof shape>;
export const noSecurityEvents: KeptEvents = { version: "", events: [] };

/** Names what was read; throws where it does not fit. */
export const parseSecurityEvents = (value: unknown): KeptEvents => shape.parse(value);

/** How a line that could not be opened failed. */
type FailedOpening = { readonly words: string; readonly code?: string; readonly refuses?: "password" | "certificate" };

export class SecurityEvents {
  readonly #clock: Clock;
  readonly #store: { read(): KeptEvents; write(kept: KeptEvents): void };
  readonly #die: (error: unknown) => void;
  #trouble: string | undefined;
  #isTelling = false;

  constructor(
    clock: Clock,
    die: (error: unknown) => void,
    store: { read(): KeptEvents; write(kept: KeptEvents): void },
  ) {
    this.#clock = clock;
    this.#die = die;
    this.#store = store;
  }

  /** Throws Failure table/damaged, disk/failed, disk/full. */
  static open(disk: Disk, folder: string, uplink: string, clock: Clock, die: (error: unknown) => void): SecurityEvents {
    const path = join(folder, `events-${uplink}.json`);
    const table = Table.open<KeptEvents>(disk, path, parseSecurityEvents, noSecurityEvents, { steps: true });
    return new SecurityEvents(clock, die, { read: () => table.data, write: (kept) => void table.update(() => kept) });
  }

  /** The process has started, with this version of the program. */
  started(version: string): void {
    const before = this.#store.read().version;
    this.keep("StartupOfTheDevice");
    if (before !== "" && before !== version) this.keep("FirmwareUpdated", `${before} -> ${version}`);
    if (before !== version) this.#write({ version });
  }

  /** To be told with the next connection. */
  keep(type: string, techInfo?: string): void {
    const timestamp = timeText(this.#clock.now().at);
    const kept = {
      type,
      timestamp,
      told: false,
      ...(techInfo === undefined ? {} : { techInfo: techInfo.slice(0, longestInfo) }),
    };
    this.#write({ events: [...this.#store.read().events, kept].slice(-mostKept) });
  }

  /** The line could not be opened: once for the same trouble, however often it is met. */
  notOpened(failed: FailedOpening): void {
    const type = typeOf(failed);
    if (type !== undefined && this.#trouble !== failed.words) this.keep(type, failed.words);
    if (type !== undefined) this.#trouble = failed.words;
  }

  /** The security log: a line for each, the oldest first. */
  log(): string {
    const lines = this.#store
      .read()
      .events.map(({ timestamp, type, techInfo, told }) => [
        timestamp,
        type,
        techInfo ?? "",
        told ? "" : "(not told yet)",
      ]);
    return lines.map((words) => `${words.filter((word) => word !== "").join(" ")}\n`).join("");
  }

  /** Tells all of them, in their order. Never rejects with what the CSMS or its line does. */
  async tell(rpc: Pick<Rpc, "call" | "dialect">): Promise<void> {
    // A trouble that comes back after a line that stood is a new one.
    this.#trouble = undefined;
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      await this.#tellAll(rpc);
    } catch (error) {
      this.#die(error);
    } finally {
      this.#isTelling = false;
    }
  }

  async #tellAll({ call, dialect }: Pick<Rpc, "call" | "dialect">): Promise<void> {
    const next = (): KeptEvents["events"][number] | undefined => this.#store.read().events.find(({ told }) => !told);
    for (let one = next(); one !== undefined; one = next()) {
      const { told: _, ...fields } = one;
      try {
        await this.#clock.busy(call("SecurityEventNotification", { ...fields, type: typeIn(dialect, one.type) }));
      } catch (error) {
        // 1.6 knows it only with its security extension; whoever refuses it does not want it.
        if (callFailure(error) instanceof CallLost) return;
      }
      const isIt = (other: KeptEvents["events"][number]): boolean =>
        !other.told && other.type === fields.type && other.timestamp === fields.timestamp;
      const { events } = this.#store.read();
      const index = events.findIndex(isIt);
      this.#write({ events: events.map((other, at) => (at === index ? { ...other, told: true } : other)) });
    }
  }

  #write(changes: Partial<KeptEvents>): void {
    this.#store.write({ ...this.#store.read(), ...changes });
  }
}

/** The event of the standard's list (2.x, appendix 1); undefined = it is no matter of safety. */
function typeOf({ code = "", refuses }: FailedOpening): string | undefined {
  if (/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW/.test(code)) return "InvalidTLSVersion";
  if (/HANDSHAKE_FAILURE|NO_SHARED_CIPHER|CIPHER/.test(code)) return "InvalidTLSCipherSuite";
  if (/ALERT/.test(code) || refuses === "password") return "FailedToAuthenticateAtCsms";
  return /CERT|ALTNAME|SIGNED|ISSUER/.test(code) ? "InvalidCsmsCertificate" : undefined;
}

/** The words of 1.6 for a CSMS and a charging station. */
const typeIn = (dialect: Dialect, type: string): string =>
  dialect === "ocpp1.6"
    ? type.replace("Csms", "CentralSystem").replace("ChargingStationCertificate", "ChargePointCertificate")
    : type;
