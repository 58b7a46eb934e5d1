// Opens the line to a CSMS with the credentials that are to be tried, one after the other, until it lets the station
// in: those that it set itself, the last that worked before any other, and then those of the config.
import type { Agent } from "node:http";
import type { OcppUplinkConfig } from "../../../../config/uplink-schema.js";
import type { Clock } from "../../../../drivers/driver.js";
import { type KeptCredentials, passwordBytes } from "../../transport/kept-credentials.js";
import { type OpenedSocket, openSocket, type Shown } from "../rpc/connection.js";

export type LineOpening = {
  readonly config: OcppUplinkConfig;
  readonly identity: string;
  readonly agent: Agent | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
};

/** As openSocket does. Where none of them is taken, the answer to the first one says why. */
export async function openLine(opening: LineOpening, kept: KeptCredentials | undefined): Promise<OpenedSocket> {
  const { config, identity, agent, clock, signal } = opening;
  let refused: OpenedSocket | undefined;
  for (const { shown, worked } of lineTries(config, kept)) {
    const opened = await openSocket(config, identity, agent, clock, signal, shown);
    if (opened.kind === "open") {
      worked();
      return opened;
    }
    if (opened.refuses === undefined || signal.aborted) return refused ?? opened;
    refused ??= opened;
  }
  return refused ?? { kind: "failed", words: "there is nothing to show to the backend" };
}

type LineTry = { readonly shown: Shown; readonly worked: () => void };

function lineTries(config: OcppUplinkConfig, kept: KeptCredentials | undefined): readonly LineTry[] {
  const ofConfig: LineTry = { shown: {}, worked: () => undefined };
  if (kept === undefined) return [ofConfig];
  const passwords = kept.passwords.map(
    (password): LineTry => ({
      shown: { password: passwordBytes(password) },
      worked: () => kept.passwordWorked(password),
    }),
  );
  return passwords.length === 0 || config.passwordFile !== undefined ? [...passwords, ofConfig] : passwords;
}
