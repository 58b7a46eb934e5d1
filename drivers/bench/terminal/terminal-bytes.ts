// ZVT as the bench's terminal speaks it. It shares no code with the driver: two readings of one manual, which must meet.

/** A command as it arrived: its two bytes in hex, such as "0622", and its data. */
export type ArrivedCommand = { readonly code: string; readonly data: Buffer };

/** Takes whole commands off the front of what arrived; the rest waits. */
export class CommandStream {
  #pending = Buffer.alloc(0);

  take(chunk: Buffer): ArrivedCommand[] {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    const taken: ArrivedCommand[] = [];
    while (this.#pending.length >= 3) {
      const isLong = this.#pending.readUInt8(2) === 255;
      if (isLong && this.#pending.length < 5) break;
      const head = isLong ? 5 : 3;
      const size = isLong ? this.#pending.readUInt16LE(3) : this.#pending.readUInt8(2);
      if (this.#pending.length < head + size) break;
      taken.push({
        code: this.#pending.toString("hex", 0, 2),
        data: Buffer.from(this.#pending.subarray(head, head + size)),
      });
      this.#pending = Buffer.from(this.#pending.subarray(head + size));
    }
    return taken;
  }
}

/** What a payment command asks: the fields that the bench's terminal knows. */
export type AskedPayment = {
  readonly minor?: number;
  readonly currency?: string;
  readonly receipt?: string;
  readonly reference?: string;
};

const fixed: ReadonlyMap<string, number> = new Map([
  ["02", 1],
  ["04", 6],
  ["0b", 3],
  ["19", 1],
  ["3b", 8],
  ["49", 2],
  ["87", 2],
]);

/** Reads a payment command's fields; undefined where one is not known, so that the command is refused as malformed. */
export function askedPayment(data: Buffer): AskedPayment | undefined {
  let asked: AskedPayment = {};
  let hex = data.toString("hex");
  while (hex !== "") {
    const tag = hex.slice(0, 2);
    const length = tag === "06" ? Number.parseInt(hex.slice(2, 4), 16) : fixed.get(tag);
    if (length === undefined) return undefined;
    const start = tag === "06" ? 4 : 2;
    const value = hex.slice(start, start + 2 * length);
    if (value.length !== 2 * length) return undefined;
    if (tag === "04") asked = { ...asked, minor: Number(value) };
    if (tag === "49") asked = { ...asked, currency: value };
    if (tag === "87") asked = { ...asked, receipt: value };
    if (tag === "06") asked = { ...asked, reference: ownReference(value) };
    hex = hex.slice(start + 2 * length);
  }
  return asked;
}

/** The text behind 1F63 in a container E9. */
function ownReference(container: string): string {
  const [, length = "00", rest = ""] = /1f63(..)(.*)$/.exec(container) ?? [];
  return Buffer.from(rest.slice(0, 2 * Number.parseInt(length, 16)), "hex").toString("latin1");
}

/** A frame from its code and data in hex. */
export function frameOfHex(code: string, data = ""): Buffer {
  const body = Buffer.from(data.replaceAll(" ", ""), "hex");
  const length = body.length < 255 ? [body.length] : [255, body.length % 256, Math.floor(body.length / 256)];
  return Buffer.concat([Buffer.from(code, "hex"), Buffer.from(length), body]);
}

/** A number in so many packed digits. */
export const packed = (value: number | string, digits: number): string => String(value).padStart(digits, "0");
/** A length in so many digits F0 to F9. */
const spelled = (length: number, digits: number): string =>
  [...String(length).padStart(digits, "0")].map((digit) => `f${digit}`).join("");
const textHex = (text: string): string => Buffer.from(text, "latin1").toString("hex");
export const withLength = (hex: string): string => `${(hex.length / 2).toString(16).padStart(2, "0")}${hex}`;

/** BMP 22: the number with its middle hidden. */
export function hiddenNumber(number: string): string {
  const shown = `${number.slice(0, 6)}${"e".repeat(number.length - 10)}${number.slice(-4)}`;
  const whole = shown.length % 2 === 0 ? shown : `${shown}f`;
  return `22${spelled(whole.length / 2, 2)}${whole}`;
}

/** BMP 23: track 2, whole, as careless terminals send it. */
export function trackTwo(number: string): string {
  const track = `${number}d2912201000`;
  const whole = track.length % 2 === 0 ? track : `${track}f`;
  return `23${spelled(whole.length / 2, 2)}${whole}`;
}

/** A field of text with its length in two or three digits. */
export const spelledText = (tag: string, text: string, digits: 2 | 3): string =>
  `${tag}${spelled(text.length, digits)}${textHex(text)}`;
/** A text of a fixed length, filled up with zeros. */
export const paddedText = (tag: string, text: string, length: number): string =>
  `${tag}${textHex(text).padEnd(2 * length, "0")}`;
/** Version and state, as a status enquiry's completion begins. */
export const versionAndState = (version: string, state: number): string =>
  `${spelled(version.length, 3)}${textHex(version)}${state.toString(16).padStart(2, "0")}`;
