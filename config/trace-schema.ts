// A recording of what passed between drivers and devices, as a file: JSON Lines, a header first, then one entry a line,
// `ms` after its start. It holds what a replay needs and no more: no config, no tariff; card numbers are replaced
// unless they were asked for.
import { z } from "zod";
import { serialPort } from "./schema.js";

export const traceFormat = "chargetill trace 1";
const hex = z.string().regex(/^([0-9a-f]{2}){1,512}$/);
/** A frame of the card terminal, as long as its length can tell. */
const terminalHex = z.string().regex(/^([0-9a-f]{2}){3,65540}$/);
const name = z.string().min(1).max(40);
const pin = z.strictObject({
  connector: z.int(),
  role: z.enum(["contactor", "feedback", "plug", "button"]),
  gpio: z.int().min(0).max(53),
  activeLow: z.boolean(),
});

export const traceHeaderSchema = z.strictObject({
  trace: z.literal(traceFormat),
  version: z.string().max(40),
  station: z.string().max(40),
  /** When it began, by the station's wall clock. */
  at: z.iso.datetime({ offset: true }),
  cardNumbers: z.enum(["whole", "replaced"]),
  ports: z.record(name, serialPort),
  meters: z.array(
    z.strictObject({
      connector: z.int(),
      port: name,
      unit: z.int().min(1).max(247),
      model: name,
      timeoutMs: z.int().min(1).max(60_000),
    }),
  ),
  readers: z.record(
    name,
    z.strictObject({ pollMs: z.int().min(10).max(60_000), debounceMs: z.int().min(10).max(60_000) }),
  ),
  pins: z.array(pin),
});

const ms = z.int().min(0);
export const traceEntrySchema = z.union([
  z.strictObject({ ms, port: name, out: hex }),
  z.strictObject({ ms, port: name, in: hex }),
  z.strictObject({ ms, port: name, event: z.enum(["given up", "lost"]) }),
  z.strictObject({ ms, reader: name, detection: z.enum(["none", "several", "unreadable"]) }),
  z.strictObject({ ms, reader: name, detection: z.literal("lost"), why: z.string().max(400) }),
  z.strictObject({
    ms,
    reader: name,
    detection: z.literal("card"),
    uid: z.string().regex(/^([0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20})$/),
  }),
  z.strictObject({ ms, terminal: z.enum(["out", "in"]), frame: terminalHex }),
  z.strictObject({ ms, gpio: z.int().min(0).max(53), way: z.enum(["in", "out"]), active: z.boolean() }),
  z.strictObject({ ms, end: z.enum(["time", "size", "stopped", "not collected"]) }),
]);

export type TraceHeader = z.infer<typeof traceHeaderSchema>;
export type TraceEntry = z.infer<typeof traceEntrySchema>;
