// chargetill key show: the station's public key in every form that somebody asks for. Changing the key is the station's
// own work: it issues a receipt signed by both keys, so `key rotate` goes to whoever holds the journal.

import { Argument, Command } from "commander";
import { Failure } from "../core/failure.js";
import { verifierKey } from "../core/signing/checkpoint.js";
import { sha256 } from "../ledger/store/digest.js";
import { codeLines } from "../receipts/output/qr-code.js";
import type { PublicKey } from "../receipts/signing-keys.js";
import { exampleText, stationCommand } from "./shared/command.js";

export type KeySources = {
  readonly station: string;
  readonly publicKey: PublicKey;
  /**
   * Makes a new key, issues the receipt of the change, and gives the new public key; absent where that cannot be done
   * here.
   */
  rotate?(): Promise<PublicKey>;
};

export type OpenKeySources = (options: {
  readonly config?: string;
  readonly data?: string;
}) => Promise<KeySources> | KeySources;

/**
 * The public key as text: fingerprint, hex SPKI for OCMF readers, the C2SP verifier key, PEM, and a QR code of the
 * fingerprint.
 */
export function keyText(station: string, key: PublicKey): string {
  return [
    `Station      ${station}`,
    `Fingerprint  sha256:${key.fingerprint}`,
    `SPKI (hex)   ${key.spkiHex}`,
    `C2SP key     ${verifierKey(station, key.spkiHex, sha256)}`,
    "",
    key.pem.trimEnd(),
    "",
    ...codeLines(`sha256:${key.fingerprint}`),
    "",
    `Check a receipt with: chargetill verify --key sha256:${key.fingerprint} FILE`,
    "",
  ].join("\n");
}

const only = ["fingerprint", "hex", "pem"] as const;

/** `chargetill key`. `open` finds the station's key; `write` prints. */
export function keyCommands(
  open: OpenKeySources,
  write: (text: string) => void = (text) => void process.stdout.write(text),
): Command {
  const key = new Command("key")
    .description("the key that signs this station's receipts")
    .addHelpText("after", exampleText("key show pem > station.pub.pem"));
  const show = stationCommand("show", "the public key: fingerprint, hex, PEM, QR code", "key show fingerprint")
    .addArgument(new Argument("[form]", "print only this form").choices(only))
    .action(async (form: string | undefined, options: { config?: string; data?: string; json?: true }) => {
      const { station, publicKey } = await open(options);
      if (options.json === true) return write(`${JSON.stringify({ station, ...publicKey }, null, 1)}\n`);
      switch (form) {
        case undefined:
          return write(keyText(station, publicKey));
        case "fingerprint":
          return write(`sha256:${publicKey.fingerprint}\n`);
        case "hex":
          return write(`${publicKey.spkiHex}\n`);
        case "pem":
          return write(publicKey.pem);
        default:
          throw new Failure("usage/invalid", `key show: expected one of ${only.join(", ")}, not "${form}"`);
      }
    });
  const rotate = stationCommand(
    "rotate",
    "change the signing key; the change is a receipt signed by both keys",
    "key rotate",
  ).action(async (options: { config?: string; data?: string; json?: true }) => {
    const sources = await open(options);
    if (sources.rotate === undefined)
      throw new Failure(
        "usage/invalid",
        "key rotate: the key is handed in from outside (systemd credential); change it there",
      );
    const publicKey = await sources.rotate();
    write(
      options.json === true
        ? `${JSON.stringify({ station: sources.station, ...publicKey }, null, 1)}\n`
        : keyText(sources.station, publicKey),
    );
  });
  return key.addCommand(show).addCommand(rotate);
}
