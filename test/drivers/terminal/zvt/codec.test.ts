// ZVT frames against bytes that other programs accept and real terminals sent: what each means, what of a card leaves
// the codec, and what a stream of split, joined and spoilt frames becomes.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { bcdBytes, bcdDigits } from "../../../../drivers/terminal/zvt/bcd.js";
import {
  bookTotalFrame,
  endOfDayFrame,
  holdFrame,
  openHoldsFrame,
  partialReversalFrame,
  readCardFrame,
  registrationFrame,
  releaseFrame,
  statusFrame,
} from "../../../../drivers/terminal/zvt/commands.js";
import { noReceipt, type ZvtFields } from "../../../../drivers/terminal/zvt/fields.js";
import { longestZvtFrame, splitFrames, type ZvtFrame, zvtFrameBytes } from "../../../../drivers/terminal/zvt/frame.js";
import { maskedFrame } from "../../../../drivers/terminal/zvt/masked-frame.js";
import { readMessage, type ZvtMessage } from "../../../../drivers/terminal/zvt/messages.js";

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const hex = (data: Uint8Array): string => Buffer.from(data).toString("hex");
const frameOf = (text: string): ZvtFrame => {
  const [frame] = splitFrames(bytes(text)).frames;
  if (frame === undefined) throw new Error(`${text} is not one frame`);
  return frame;
};
const keyed = (identity: Uint8Array): string => `keyed ${identity.length}`;
const read = (text: string): ZvtMessage => readMessage(frameOf(text), keyed);
const fieldsOf = (text: string): ZvtFields => {
  const message = read(text);
  if (!("fields" in message)) throw new Error(`${text} has no fields`);
  return message.fields;
};
const euros = (minor: number) => ({ minor, currency: "0978" });

const commands = suite("commands of the station");

for (const [name, made, expected] of [
  ["registration", registrationFrame("123456", "0978"), "060006123456de0978"],
  ["status enquiry", statusFrame("123456"), "050103123456"],
  ["read card", readCardFrame(15), "06c00f0f1910fc0206081f1501d01f600107"],
  [
    "hold of 50.00 EUR",
    holdFrame(euros(5_000), { prefix: "AC", text: "S000042" }),
    "06221f04000000005000490978194006 11e90f1f620241431f6307 53303030303432",
  ],
  [
    "12.95 EUR given back of hold 231",
    partialReversalFrame("0231", euros(1_295)),
    "06230f870231040000000012951940490978",
  ],
  ["37.05 EUR booked of hold 231", bookTotalFrame("0231", euros(3_705)), "06240f870231040000000037051940490978"],
  ["release of hold 231", releaseFrame("0231", "0978"), "0625081940870231490978"],
  ["which holds are open", openHoldsFrame, "06230387ffff"],
  ["end of day", endOfDayFrame("123456"), "065003123456"],
] as const)
  commands(`${name} has the bytes that terminals take`, () => assert.is(hex(made), expected.replaceAll(" ", "")));

commands("an amount beyond twelve digits, a negative one and a fraction are refused, never cut", () => {
  for (const minor of [1e12, -1, 0.5, Number.NaN])
    assert.throws(() => partialReversalFrame("0231", euros(minor)), RangeError);
  assert.throws(() => holdFrame(euros(1), { prefix: "AC", text: "ü" }), RangeError);
});
commands.run();

const answers = suite("answers of a terminal");

answers("a hold that was made tells receipt, amount, trace, authorisation and terminal", () => {
  const fields = fieldsOf(
    "040f5a2700040000000025004909780c2255580d040522f0f8559883eeeeee80748702313b37353030373100000b0009751960" +
      "29525235350e24058a068c018bf1f14d617374657243617264002a383034303131393236202020202020",
  );
  assert.equal(fields, {
    result: 0,
    amount: 2_500,
    currency: "0978",
    trace: "000975",
    receipt: "0231",
    terminalId: "52523535",
    authorisation: "750071",
    status: 0x60,
    time: "225558",
    date: "0405",
    cardName: "MasterCard",
    cardLast4: "8074",
    listed: [],
    card: { applications: [] },
    isWhole: true,
  });
});

answers("a card of a bank tells its applications, its hash by our key alone, and the most that may be held", () => {
  const { card } = fieldsOf(
    "040f86270023f1f94111111111111111000d25122010000000000f066c1f0b060000000100001f14103f56a32065cc4dbe83" +
      "30c37609f919964c0a00000000000008b3c8801f450c0c788074038031c073d631c01f4c01011f4d02fe041f4f0204001f50" +
      "01206221601041020005430aa0000003591010028001600d4102002e4307a0000000043060",
  );
  assert.equal(card, {
    uid: "00000000000008B3C880",
    key: "keyed 16",
    maxHold: 10_000,
    applications: ["A0000003591010028001", "A0000000043060"],
  });
});

answers("an RFID card has a UID and no application", () => {
  const { card } = fieldsOf("040f222700061e4c0a0000000463c8b2ae4f801f4c01011f4d0200031f4f0244001f500100");
  assert.equal(card, { uid: "0000000463C8B2AE4F80", applications: [] });
});

answers("registration tells the terminal's id, a status enquiry its version and state", () => {
  const registered = read("060f0a19102952523535490978");
  assert.is(registered.kind, "completion");
  assert.is(fieldsOf("060f0a19102952523535490978").terminalId, "52523535");
  const status = read("060f0af0f0f44745522d9c0600");
  assert.equal(status.kind === "completion" && [status.version, status.state], ["GER-", 0x9c]);
});

answers("no hold is open, one is, several are", () => {
  assert.is(fieldsOf("061e04b887ffff").receipt, noReceipt);
  assert.is(fieldsOf("061e04b8870123").receipt, "0123");
  const both = fieldsOf("061e10b8870123060a23080802012308024567");
  assert.equal(both.listed, ["0123", "4567"]);
});

answers("an abort tells its code, and the terminal's words without digits that could be a card's number", () => {
  const abort = read(
    "061e2e6c062b1f1605ff000014411f1720416262727563682064757263682065787465726e6573204b6f6d6d616e646f21",
  );
  assert.is(abort.kind === "abort" && abort.code, 0x6c);
  const words = Buffer.from("Karte 4111 1111 1111 1111 gesperrt").toString("hex");
  assert.is(fieldsOf(`061e28050625 1f1722${words}`.replaceAll(" ", "")).trouble, "Karte … gesperrt");
});

answers("of a number that the terminal has not hidden no digit is taken", () => {
  assert.is(fieldsOf("040f0d270022f0f84111111111111111").cardLast4, undefined);
  assert.is(fieldsOf("040f0d270022f0f8411111eeeeee1234").cardLast4, "1234");
});

answers("authorisation codes of eight digits stay apart, and one with other than printable characters is none", () => {
  const codeIn = (code: string): string | undefined =>
    fieldsOf(`040f0b27003b${Buffer.from(code, "latin1").toString("hex")}`).authorisation;
  assert.equal(["12345678", "12345679", "1234567 ", "750071\0\0", "4711AB\0\0", "  A1    "].map(codeIn), [
    "12345678",
    "12345679",
    "1234567",
    "750071",
    "4711AB",
    "A1",
  ]);
  assert.equal(["\0\0\0\0\0\0\0\0", "        ", "12\x0045678", "1234\x1b678", "1234567\xe9"].map(codeIn), [
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

answers("reading stops at a tag whose length nobody knows, and keeps what was read", () => {
  const fields = fieldsOf("040f0f2700040000000025007704000000009900".slice(0, 36));
  assert.equal([fields.amount, fields.result, fields.isWhole], [2_500, 0, false]);
});

answers("a field that runs out of its frame or its container is not read", () => {
  assert.is(fieldsOf("040f0527000400 00".replaceAll(" ", "")).amount, undefined);
  assert.is(fieldsOf("040f08270006044c0a0102").card.uid, undefined);
  assert.is(fieldsOf("040f0727000685000000").isWhole, false);
});

answers("a result that is not there is not a good one, and an amount with a nibble over 9 is none", () => {
  assert.is(fieldsOf("040f00").result, undefined);
  assert.is(fieldsOf("040f0704000000002a00").amount, undefined);
});

answers("a negative acknowledgement and an unknown frame are told as such", () => {
  assert.equal(read("849c00"), { kind: "nack", code: 0x9c });
  assert.equal(read("0fa1020001"), { kind: "unknown", control: 0x0fa1 });
});
answers.run();

const streams = suite("a stream of frames");

streams("frames that come a byte at a time, or all at once, are the same frames", () => {
  const sent = [ack, long, bytes("04ff0117"), ack];
  const joined = Buffer.concat(sent);
  assert.equal(
    splitFrames(joined).frames.map(({ control, data }) => hex(zvtFrameBytes(control, data))),
    sent.map(hex),
  );
  const found: ZvtFrame[] = [];
  let rest = new Uint8Array(0);
  for (const byte of joined) {
    const cut = splitFrames(Uint8Array.from([...rest, byte]));
    found.push(...cut.frames);
    rest = Uint8Array.from(cut.rest);
  }
  assert.equal(
    found.map(({ control, data }) => hex(zvtFrameBytes(control, data))),
    sent.map(hex),
  );
  assert.is(rest.length, 0);
});
const ack = bytes("800000");
const long = zvtFrameBytes(0x040f, new Uint8Array(300).fill(7));

streams("a long length stands low byte first", () => {
  assert.is(hex(long.subarray(0, 5)), "040fff2c01");
  assert.is(zvtFrameBytes(0x040f, new Uint8Array(254)).length, 257);
  assert.is(hex(zvtFrameBytes(0x040f, new Uint8Array(255)).subarray(0, 5)), "040fffff00");
  assert.is(zvtFrameBytes(0x040f, new Uint8Array(0xffff)).length, longestZvtFrame);
  assert.throws(() => zvtFrameBytes(0x040f, new Uint8Array(0x1_0000)), RangeError);
});

streams("digits are packed two in a byte, and what does not fit is refused", () => {
  assert.equal(bcdBytes("231", 2), [0x02, 0x31]);
  assert.is(bcdDigits(bytes("0231")), "0231");
  assert.is(bcdDigits(bytes("02a1")), undefined);
  assert.throws(() => bcdBytes("12345", 2), RangeError);
});
streams.run();

const masks = suite("frames in a trace");

masks("a masked frame holds no card number, track, expiry, hash, UID or text, and is as long as before", () => {
  const number = "4111111111111111";
  const secret = `22f0f8${number}23f1f0${number}d25121010e25123c f0f0f8${Buffer.from(number.slice(0, 8)).toString("hex")}`;
  const inside = `1f1410${number}${number}4c0700${number.slice(0, 12)}1f1708${number}`;
  const container = `06${(inside.length / 2).toString(16)}${inside}`;
  const data = bytes(`27000400000000250087 0231${secret}${container}`);
  const frame = { control: 0x040f, data };
  const masked = maskedFrame(frame);
  assert.not.match(hex(masked), /4111|1111|2512/);
  assert.is(masked.length, zvtFrameBytes(0x040f, data).length);
  const message = readMessage(frameOf(hex(masked)), keyed);
  const fields = message.kind === "status" ? message.fields : undefined;
  assert.equal([fields?.result, fields?.amount, fields?.receipt], [0, 2_500, "0231"]);
});

masks("the terminal's password is in no trace", () => {
  for (const frame of [registrationFrame("123456", "0978"), statusFrame("123456"), endOfDayFrame("123456")]) {
    const masked = hex(maskedFrame(frameOf(hex(frame))));
    assert.not.match(masked, /123456/);
    assert.is(masked.length, 2 * frame.length);
  }
  assert.match(hex(maskedFrame(frameOf(hex(registrationFrame("123456", "0978"))))), /de0978$/);
});

masks("behind a tag that nobody knows, and in lines of print, all is zeros", () => {
  assert.is(hex(maskedFrame(frameOf("040f0627007704111111".slice(0, 18)))), "040f06270000000000");
  assert.is(hex(maskedFrame(frameOf("06d105004b617274"))), "06d1050000000000");
});
masks.run();
