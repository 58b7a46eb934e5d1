// chargetill tag read | list | enrol | revoke | import: the cards that may charge at this station. A reader of another make may
// turn a card's bytes round, cut them or print them as a decimal: such look-alikes are shown to the technician, and
// never matched by the agent.

import { resolve } from "node:path";
import { Command } from "commander";
import type { CardTap } from "../../drivers/driver.js";
import type { EnrolledCard } from "../cards/enrolled-cards.js";
import { masked } from "../core/cdr/token.js";
import { Failure } from "../core/failure.js";
import { uidVariants } from "../core/station/uid-variants.js";
import type { DeviceAccess } from "../technician/device-access.js";
import { mostWaitMs } from "../technician/device-requests.js";
import { cardOf, cardsInFile } from "./shared/cards-csv.js";
import {
  complain,
  exampleText,
  printResult,
  type StationOptions,
  stationCommand,
  tableLines,
  wholeNumber,
} from "./shared/command.js";
import { withDevices } from "./shared/with-devices.js";

/** `chargetill tag`. */
export function tagCommand(): Command {
  const tag = new Command("tag")
    .description("the cards that may charge at this station")
    .addHelpText("after", exampleText("tag enrol --contract DE-CTL-C00000007-1"));
  const wait = (command: Command): Command =>
    command
      .option("--reader <name>", "which reader (default: the config's first)")
      .option("--for <seconds>", "how long to wait for a card", wholeNumber("--for", 1, 300), 30);
  tag.addCommand(
    wait(
      stationCommand(
        "read",
        "show the card that is held to the reader, and known cards that look like it",
        "tag read --reader front",
      ),
    ).action(read),
  );
  tag.addCommand(
    stationCommand("list", "all cards, by their last four characters", "tag list")
      .option("--whole", "show whole UIDs: they are personal data")
      .action(list),
  );
  tag.addCommand(
    wait(
      stationCommand(
        "enrol",
        "authorise a card: the one held to the reader, or --uid",
        "tag enrol --contract DE-CTL-C00000007-1",
      ),
    )
      .requiredOption("--contract <id>", "contract ID (eMAID)")
      .option("--uid <hex>", "the card's UID, without a reader")
      .option("--group <id>", "cards of one group may stop each other's sessions")
      .option("--tariff <id>", "the tariff that this card pays, by its id")
      .option("--expires <instant>", "until when it is valid, such as 2027-12-31T23:59:59Z")
      .action(enrol),
  );
  tag.addCommand(
    stationCommand("revoke", "block a card; the next tap is refused", "tag revoke 04A23B1C5D6E80")
      .argument("<uid>", "the card's UID, or its last four characters where only one card has them")
      .action(revoke),
  );
  tag.addCommand(
    stationCommand(
      "import",
      "enrol the cards of a CSV file, all or none: uid,contractId[,group[,tariff[,expires]]]",
      "tag import cards.csv",
    )
      .argument("<file>", "the first line names the columns")
      .action(importFile),
  );
  return tag;
}

const cardsOf = async (devices: DeviceAccess): Promise<EnrolledCard[]> =>
  (await devices.ask({ do: "card-list" })) as EnrolledCard[];

/** The next card at the reader; throws Failure where none comes, or it cannot be used. */
async function cardAt(
  devices: DeviceAccess,
  { reader, for: seconds }: { reader?: string; for: number },
): Promise<string> {
  complain(`hold a card to the reader${reader === undefined ? "" : ` ${reader}`}`);
  for (let leftMs = seconds * 1_000; leftMs > 0; leftMs -= mostWaitMs) {
    const tap = (await devices.ask({
      do: "card-wait",
      ...(reader === undefined ? {} : { reader }),
      ms: Math.min(mostWaitMs, leftMs),
    })) as CardTap | null;
    if (tap === null) continue;
    if (tap.kind === "card") return tap.uid;
    throw new Failure(
      "agent/refused",
      {
        "random-uid": "a phone, or a card with a random UID: it cannot be enrolled",
        "several-cards": "more than one card: hold only one to the reader",
        unreadable: "the card could not be read: hold it still",
      }[tap.why],
    );
  }
  throw new Failure("agent/refused", `no card came within ${seconds} s`);
}

/** A sentence for each known card that this one may be mistaken for. */
function warnings(uid: string, rows: readonly EnrolledCard[]): string[] {
  return rows.flatMap((row) => {
    const likeness = uidVariants(uid, row.uid)[0];
    return likeness === undefined
      ? []
      : [`looks like the enrolled card ${row.uid} (${row.contractId}): ${likeness}; they count as two different cards`];
  });
}

async function read(options: StationOptions & { reader?: string; for: number }): Promise<void> {
  await withDevices(
    options,
    async (devices) => {
      const uid = await cardAt(devices, options);
      const rows = await cardsOf(devices);
      const known = rows.find((row) => row.uid === uid);
      const alike = warnings(uid, rows);
      const words =
        known === undefined ? "not known here" : known.valid ? `may charge, contract ${known.contractId}` : "blocked";
      printResult(options, { uid, known: known ?? null, lookAlikes: alike }, [
        `${uid} (${uid.length / 2} bytes): ${words}`,
        ...alike,
      ]);
      return known?.valid === true ? 0 : 1;
    },
    { needs: "no-meters" },
  );
}

async function list(options: StationOptions & { whole?: true }): Promise<void> {
  await withDevices(
    options,
    async (devices) => {
      const rows = (await cardsOf(devices)).map((row) =>
        options.whole === true ? row : { ...row, uid: masked(row.uid) },
      );
      const lines = tableLines(
        rows.map(({ uid, contractId, valid, from, expires, tariff }) => [
          uid,
          contractId,
          valid ? "may charge" : "BLOCKED",
          from,
          expires ?? "",
          tariff ?? "",
        ]),
      );
      printResult(options, rows, lines.length === 0 ? ["no cards"] : lines);
      return 0;
    },
    { needs: "no-meters" },
  );
}

type EnrolOptions = StationOptions & {
  reader?: string;
  for: number;
  contract: string;
  uid?: string;
  group?: string;
  tariff?: string;
  expires?: string;
};

async function enrol(options: EnrolOptions): Promise<void> {
  await withDevices(
    options,
    async (devices) => {
      const uid = options.uid ?? (await cardAt(devices, options));
      const { contract: contractId, group, tariff, expires } = options;
      const row = cardOf({ uid, contractId, group, tariff, expires }, () => "tag enrol");
      if (Array.isArray(row)) throw new Failure("usage/invalid", row.join("\n"));
      const alike = warnings(row.uid, await cardsOf(devices));
      await devices.ask({ do: "card-put", rows: [row] });
      printResult(options, { uid: row.uid, contractId, lookAlikes: alike }, [
        `${row.uid} may charge now, contract ${contractId}`,
        ...alike,
      ]);
      return 0;
    },
    { needs: "no-meters" },
  );
}

async function revoke(word: string, options: StationOptions): Promise<void> {
  await withDevices(
    options,
    async (devices) => {
      const matches = (await cardsOf(devices)).filter(
        ({ uid }) => uid === word.toUpperCase() || (word.length === 4 && uid.endsWith(word.toUpperCase())),
      );
      const [match] = matches;
      if (match === undefined) throw new Failure("usage/invalid", `no card ${word} is known here`);
      if (matches.length > 1)
        throw new Failure("usage/invalid", `${matches.length} cards end in ${word}: give the whole UID`);
      await devices.ask({ do: "card-revoke", uid: match.uid });
      printResult(options, { revoked: masked(match.uid), contractId: match.contractId }, [
        `${masked(match.uid)} (${match.contractId}) is blocked: its next tap is refused`,
      ]);
      return 0;
    },
    { needs: "no-meters" },
  );
}

async function importFile(file: string, options: StationOptions): Promise<void> {
  const rows = cardsInFile(file);
  await withDevices(
    options,
    async (devices) => {
      const known = await cardsOf(devices);
      const alike = rows.flatMap(({ uid }) => warnings(uid, known).map((words) => `${uid} ${words}`));
      await devices.ask({ do: "card-put", rows });
      printResult(options, { enrolled: rows.length, lookAlikes: alike }, [
        ...alike,
        `${rows.length} card${rows.length === 1 ? "" : "s"} may charge now`,
      ]);
      return 0;
    },
    { needs: "no-meters", reads: [resolve(file)] },
  );
}
