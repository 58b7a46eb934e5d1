// A terminal that spoils what it says: the frames of holds, bookings and lists cut short, with wrong lengths, unknown
// tags, long lengths and noise between them. Whatever it says, the driver must end, and must never say that money moved
// that did not.
import { createServer, type Socket } from "node:net";
import type { GatewayHold, GatewayOutcome } from "../../../drivers/payment-gateway.js";
import { frameWords } from "../../../drivers/terminal/frame-words.js";
import { openTerminal } from "../../../drivers/terminal/open-terminal.js";
import { splitFrames } from "../../../drivers/terminal/zvt/frame.js";
import { maskedFrame } from "../../../drivers/terminal/zvt/masked-frame.js";
import { readMessage } from "../../../drivers/terminal/zvt/messages.js";
import { below } from "../meter/line-damage.js";
import { HandClock } from "../time/hand-clock.js";
import { terminalConfig } from "./terminal-bench.js";

const cardNumber = "5555555555554444";
const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");
/** Where the fields of a sound frame end: between them an unknown tag may stand. */
const borders = new WeakMap<Buffer, readonly number[]>();

/** A frame of this one's command with other data, as long as its length says. */
const withData = (frame: Buffer, data: Uint8Array): Buffer =>
  Buffer.concat([frame.subarray(0, 2), Buffer.from([data.length]), data]);

/** A frame of fields, with a space between each and the next. */
function framed(code: string, fields: string): Buffer {
  const data = bytes(fields);
  const frame = withData(bytes(code), data);
  let end = 0;
  borders.set(
    frame,
    fields.split(" ").map((field) => (end += field.length / 2)),
  );
  return frame;
}

const ack = bytes("800000");
const completion = framed("060f", "");
/** What a sound terminal says: of a hold, of a booking of 12.34, of the holds that stand. */
const sound = {
  hold: [
    ack,
    bytes("04ff0117"),
    framed("040f", `2700 04000000005000 490978 870231 0b000975 22f0f8${cardNumber} 2952523535 3b3735303037310000`),
    completion,
  ],
  book: [
    ack,
    framed("040f", `2700 04000000001234 490978 870232 0b000976 22f0f8${cardNumber} 3b3735303037310000`),
    completion,
  ],
  list: [ack, framed("061e", "b8 870231 060a23080802045608020789")],
} as const;
type Kind = keyof typeof sound;
const codes: Readonly<Record<Kind, string>> = { hold: "0622", book: "0623", list: "0623" };

type Random = (limit: number) => number;

/** The ways in which a stream is spoilt; each takes the frames and answers what goes out. */
const damages: Readonly<Record<string, (frames: readonly Buffer[], random: Random) => Buffer>> = {
  whole: (frames) => Buffer.concat(frames),
  "cut anywhere": (frames, random) => {
    const all = Buffer.concat(frames);
    return all.subarray(0, random(all.length));
  },
  "a frame left out": (frames, random) => {
    const gone = random(frames.length);
    return Buffer.concat(frames.filter((_, index) => index !== gone));
  },
  "a frame twice": (frames, random) => {
    const twice = random(frames.length);
    return Buffer.concat(frames.flatMap((frame, index) => (index === twice ? [frame, frame] : [frame])));
  },
  "a wrong length": (frames, random) => withChanged(frames, random, (frame) => void (frame[2] = random(256))),
  "a long length": (frames, random) =>
    Buffer.concat(
      frames.map((frame, index) =>
        index === random(frames.length)
          ? Buffer.concat([frame.subarray(0, 2), Buffer.from([0xff, random(256), random(3)]), frame.subarray(3)])
          : frame,
      ),
    ),
  "an unknown tag": (frames, random) =>
    withInserted(frames, random, Buffer.from([[0x00, 0x07, 0x77, 0xee][random(4)] ?? 0, random(256)])),
  "a field cut short": (frames, random) =>
    Buffer.concat(frames.map((frame) => withData(frame, frame.subarray(3, Math.max(3, frame.length - random(12)))))),
  "noise between": (frames, random) =>
    withInserted(frames, random, Buffer.from(Array.from({ length: 1 + random(20) }, () => random(256))), true),
  "noise alone": (_, random) => Buffer.from(Array.from({ length: random(400) }, () => random(256))),
  "a huge container": (frames, random) =>
    Buffer.concat([...frames.slice(0, 1), framed("040f", `27000682${"ff".repeat(2)}${"60".repeat(random(100))}`)]),
};

function withChanged(frames: readonly Buffer[], random: Random, change: (frame: Buffer) => void): Buffer {
  const all = frames.map((frame) => Buffer.from(frame));
  const one = all[random(all.length)];
  if (one !== undefined) change(one);
  return Buffer.concat(all);
}

/** Puts bytes into a frame, whose length is told anew, or between two. */
function withInserted(frames: readonly Buffer[], random: Random, extra: Buffer, between = false): Buffer {
  const at = random(frames.length);
  return Buffer.concat(
    frames.map((frame, index) => {
      if (index !== at) return frame;
      if (between) return Buffer.concat([frame, extra]);
      const data = frame.subarray(3);
      const places = borders.get(frame) ?? [data.length];
      const cut = places[random(places.length)] ?? data.length;
      return withData(frame, Buffer.concat([data.subarray(0, cut), extra, data.subarray(cut)]));
    }),
  );
}

type Turn = { readonly kind: Kind; readonly stream: Buffer; answered: boolean };

/** Puts `count` spoilt answers to the driver. Throws at the first that is believed and should not be. */
export async function spoiltAnswers(count: number, seed: number): Promise<string> {
  const random = below(seed);
  let next: Turn = { kind: "list", stream: Buffer.alloc(0), answered: false };
  const server = createServer((socket) => answerOn(socket, () => next, random));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const config = terminalConfig(address.port);
  const seen: Record<string, number> = {};
  const names = Object.keys(damages);
  try {
    for (let round = 0; round < count; round += 1) {
      const damage = names[round % names.length] ?? "";
      const kind = (["hold", "book", "list"] as const)[random(3)] ?? "hold";
      const stream = damages[damage]?.(sound[kind], random) ?? Buffer.alloc(0);
      next = { kind, stream, answered: false };
      readAll(stream);
      const terminal = await openTerminal(config, { clock: new HandClock(), onFrame: () => undefined });
      const outcome = await asked(terminal, kind);
      await terminal.close();
      const words = `seed ${seed}, answer ${round}, ${damage}, ${kind}: ${stream.toString("hex")}`;
      judge(kind, outcome, words);
      if (damage === "whole" && outcome.kind !== "done") throw new Error(`a sound answer was not taken: ${words}`);
      seen[outcome.kind] = (seen[outcome.kind] ?? 0) + 1;
    }
  } finally {
    server.close();
  }
  return Object.entries(seen)
    .map(([kind, times]) => `${times} ${kind}`)
    .join(", ");
}

/** The codec alone: nothing throws, and no masked frame holds the card's number. */
function readAll(stream: Buffer): void {
  for (const frame of splitFrames(stream).frames) {
    readMessage(frame, () => "");
    const masked = Buffer.from(maskedFrame(frame));
    if (masked.toString("hex").includes(cardNumber))
      throw new Error(`a card's number stands in ${masked.toString("hex")}`);
    frameWords("in", masked);
    frameWords("out", masked);
  }
}

/** Registration and status are answered well; the command that is looked at gets the spoilt stream, in pieces. */
function answerOn(socket: Socket, next: () => Turn, random: Random): void {
  let pending = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk) => {
    const { frames, rest } = splitFrames(Buffer.concat([pending, chunk]));
    pending = Buffer.from(rest);
    for (const { control } of frames) {
      const turn = next();
      const code = control.toString(16).padStart(4, "0");
      if (code === "0600") socket.write(Buffer.concat([ack, framed("060f", "19102952523535490978")]));
      else if (code === "0501") socket.write(Buffer.concat([ack, framed("060f", "f0f0f14100")]));
      else if (code === codes[turn.kind] && !turn.answered) {
        turn.answered = true;
        const cut = random(turn.stream.length + 1);
        socket.write(turn.stream.subarray(0, cut));
        setImmediate(() => {
          socket.write(turn.stream.subarray(cut));
          socket.destroySoon();
        });
      }
    }
  });
}

const euros = (minor: number) => ({ minor, currency: "EUR" });
const held: GatewayHold = { reference: "S1", amount: euros(5_000), handle: "0231" };

function asked(terminal: Awaited<ReturnType<typeof openTerminal>>, kind: Kind): Promise<GatewayOutcome<unknown>> {
  if (kind === "hold") return terminal.hold({ reference: "S1", amount: euros(5_000), openBefore: [] });
  return kind === "book" ? terminal.book(held, euros(1_234)) : terminal.openHolds();
}

/** Done only with what the sound frames say; a field that was lost may be missing, and no other may stand there. */
function judge(kind: Kind, outcome: GatewayOutcome<unknown>, words: string): void {
  if (outcome.kind !== "done") return;
  const told = JSON.stringify(outcome.value);
  if (told.includes(cardNumber)) throw new Error(`the card's number was told: ${words}`);
  const { handle, bookedMinor, amount } = outcome.value as {
    readonly handle?: string;
    readonly bookedMinor?: number;
    readonly amount?: { readonly minor: number };
  };
  const isRight =
    kind === "hold"
      ? handle === "0231" && amount?.minor === 5_000
      : kind === "book"
        ? bookedMinor === undefined || bookedMinor === 1_234
        : told === '[{"handle":"0231"},{"handle":"0456"},{"handle":"0789"}]';
  if (!isRight) throw new Error(`${told} was believed: ${words}`);
}
