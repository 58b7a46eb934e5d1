// The files that an uplink is known by and knows its backend by: whether each can be read and holds what it must, said
// before the first connection says it. What a file holds appears in no word.
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import type { UplinkConfig } from "../../../config/uplink-schema.js";

export type FileTrouble = {
  readonly file: string;
  readonly missing: boolean;
  readonly what: string;
  readonly advice: string;
};

/** What a password of OCPP has, in characters (2.0.1 A00.FR.205; BasicAuthPassword). */
const shortestPassword = 16;
const longestPassword = 40;

/** All that is wrong with the files of one uplink. `stationId` is its identity where it has none of its own. */
export function filesTrouble(uplink: UplinkConfig, stationId: string): readonly FileTrouble[] {
  const troubles: FileTrouble[] = [];
  const read = (file: string | undefined, holds: string): string | undefined => {
    if (file === undefined) return undefined;
    try {
      return readFileSync(file, "utf8");
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
      troubles.push({
        file,
        missing: true,
        what: `${file} cannot be read (${code}): receipts wait here`,
        advice: `put the ${holds} into that file, readable by the user chargetill`,
      });
      return undefined;
    }
  };
  const wrong = (file: string, what: string, advice: string): void =>
    void troubles.push({ file, missing: false, what: `${file} ${what}`, advice });
  if (uplink.kind === "ocpi") read(uplink.tokenFile, "credentials token");
  else checkPassword(uplink.passwordFile, read(uplink.passwordFile, "password"), uplink.identity ?? stationId, wrong);
  read(uplink.proxyAuthFile, "line user:password of the proxy");
  const { caFile, certFile, keyFile } = uplink.tls;
  const [ca, cert, key] = [
    read(caFile, "certificates of the backend's authority"),
    read(certFile, "client certificate"),
    read(keyFile, "client certificate's key"),
  ];
  if (certFile !== undefined && keyFile === undefined)
    wrong(certFile, "is set alone: a client certificate needs its key", "set tls.keyFile too");
  if (keyFile !== undefined && certFile === undefined)
    wrong(keyFile, "is set alone: a key needs its client certificate", "set tls.certFile too");
  for (const [file, context] of [
    [caFile, ca === undefined ? undefined : { ca }],
    [certFile, cert === undefined || key === undefined ? undefined : { cert, key }],
  ] as const) {
    if (file === undefined || context === undefined) continue;
    try {
      createSecureContext(context);
    } catch (error) {
      wrong(
        file,
        `cannot be used${"key" in context ? ` together with ${keyFile ?? ""}` : ""} ` +
          `(${error instanceof Error ? error.message : String(error)})`,
        "it must be PEM, and a key must belong to its certificate",
      );
    }
  }
  return troubles;
}

function checkPassword(
  file: string | undefined,
  text: string | undefined,
  identity: string,
  wrong: (file: string, what: string, advice: string) => void,
): void {
  if (file === undefined || text === undefined) return;
  const password = text.trim();
  const { length } = password;
  if (!/^[\x20-\x7e]*$/.test(password))
    wrong(file, "holds more than one line of printable characters", "write the password into it and nothing else");
  else if (length < shortestPassword || length > longestPassword)
    wrong(
      file,
      `holds ${length} characters, and a password of OCPP has ${shortestPassword} to ${longestPassword}`,
      "take the password that the backend shows for this station",
    );
  // What stands before the first colon is the user name of basic auth.
  if (identity.includes(":"))
    wrong(
      file,
      `cannot be used for the identity "${identity}": basic auth ends a user name at its first colon`,
      "use an identity without a colon, or a client certificate in place of the password",
    );
}
