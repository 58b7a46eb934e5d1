// Why a request brought no registers, by what the library left behind: its time-out is no Error, only its `errno` tells.
import { DeviceError } from "../driver.js";
import type { AskRegisters } from "./register-requests.js";

/** `silent` = not a byte came; `garbled` = some did, and no sound reply; `lost` = the port is gone. */
export type RequestFailure = {
  readonly kind: "refused" | "lost" | "garbled" | "silent";
  readonly error: DeviceError;
};

/** `heardBytes` = how many bytes came in answer, of which no sound reply could be made. */
export function requestFailure(cause: unknown, ask: AskRegisters, path: string, heardBytes: number): RequestFailure {
  const who = `meter ${ask.unit} at ${path}`;
  const what = `registers 0x${ask.address.toString(16).toUpperCase().padStart(4, "0")}+${ask.words}`;
  const { errno, modbusCode } = cause as { errno?: unknown; modbusCode?: unknown };
  const failed = (kind: RequestFailure["kind"], code: DeviceError["code"], words: string): RequestFailure => ({
    kind,
    error: new DeviceError(code, words, { cause }),
  });
  if (modbusCode !== undefined)
    return failed(
      "refused",
      "meter/exception",
      `${who} refuses ${what} with exception ${String(modbusCode)}: is it the model that the config names?`,
    );
  if (errno !== "ETIMEDOUT") return failed("lost", "port/lost", `${path} is gone: was the adapter unplugged?`);
  if (heardBytes > 0)
    return failed(
      "garbled",
      "meter/garbled",
      `${who} gave no valid reply to ${what} within ${ask.timeoutMs} ms, only ${heardBytes} bytes that do not fit: ` +
        "check cable, termination, parity and that each unit number is there once",
    );
  return failed(
    "silent",
    "meter/timeout",
    `${who} did not answer ${what} within ${ask.timeoutMs} ms: ` +
      "check its supply, A and B, baud rate, parity and unit number",
  );
}
