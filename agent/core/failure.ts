// Trouble with a name: one list of codes to decide by; the message is for people and nobody reads it to decide.

export type FailureCode =
  | "config/invalid"
  | "config/missing"
  | "tariff/invalid"
  | "journal/damaged"
  | "book/damaged"
  | "table/damaged"
  | "disk/failed"
  | "disk/full"
  | "state/locked"
  | "key/unusable"
  | "receipt/invalid"
  | "usage/invalid"
  | "agent/unreachable"
  | "agent/refused";

export class Failure extends Error {
  override readonly name = "Failure";
  constructor(
    readonly code: FailureCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
