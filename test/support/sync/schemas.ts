// The standard's own schemas, strictly: what we answer must pass them in every dialect.
import { createRequire } from "node:module";
import type { Dialect } from "../../../agent/sync/ocpp/rpc/frame.js";

type Validator = { validate(schemaId: string, payload: unknown): boolean };
const require = createRequire(import.meta.url);
const [in16, in201, in21] = require("ocpp-rpc/lib/standard-validators.js") as [Validator, Validator, Validator];

/** Throws where the payload is not what the schema of this message says. */
export function mustFit(dialect: Dialect, action: string, kind: "request" | "response", payload: unknown): void {
  const validator = { "ocpp1.6": in16, "ocpp2.0.1": in201, "ocpp2.1": in21 }[dialect];
  const suffix =
    dialect === "ocpp2.1"
      ? { request: "Request", response: "Response" }[kind]
      : { request: ".req", response: ".conf" }[kind];
  validator.validate(`urn:${action}${suffix}`, JSON.parse(JSON.stringify(payload)));
}
