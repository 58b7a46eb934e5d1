// A card terminal for the bench: ZVT on a TCP port of this machine, with a bank behind it. It can refuse with any code,
// answer late, cut the line at every step of every command, and has holds of other clients; what the bank has done stays
// done.
import { createHash } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { type BankReceipt, type ShownCard, TerminalBank } from "./terminal-bank.js";
import {
  type ArrivedCommand,
  type AskedPayment,
  askedPayment,
  CommandStream,
  frameOfHex,
  hiddenNumber,
  packed,
  paddedText,
  spelledText,
  trackTwo,
  versionAndState,
  withLength,
} from "./terminal-bytes.js";

/**
 * Where a command can be interrupted: when it has arrived, when it is acknowledged and not carried out, when the bank has
 * done it and nothing is said, when half of the answer is out, when all of it is and no completion, and when the
 * completion is out.
 */
export const commandSteps = ["arrived", "acknowledged", "done", "half-told", "told", "completed"] as const;
export type CommandStep = (typeof commandSteps)[number];

/** `hang` = nothing more is said, and the line stays. `late` = the line is cut and the bank does it afterwards. */
export type CommandBreak = {
  readonly command: string;
  readonly step: CommandStep;
  readonly how: "cut" | "hang" | "late";
  /** So many of these commands pass before. */
  readonly after?: number;
};

export type TerminalOptions = {
  /** How 06 23 is understood: as what is given back, as what is booked; or 06 24 books. */
  readonly dialect?: "give-back" | "final" | "book-total";
  readonly terminalId?: string;
  /** A read without a card ends by itself after this long, in real time; undefined = the station ends it. */
  readonly readEndsAfterMs?: number;
  /** It does not know how to end a wait for a card when it is told to. */
  readonly cannotStop?: true;
  /** A free port where it is 0. */
  readonly port?: number;
};

type Line = { readonly socket: Socket; acknowledged: (() => void) | undefined };

export class TerminalSimulator {
  readonly bank = new TerminalBank();
  /** Every command that arrived, by its code, in order. */
  readonly commands: string[] = [];
  /** The lines that its display was told to show last. */
  display: readonly string[] = [];
  /** What a status enquiry tells: 00 = ready. */
  state = 0x00;
  /** Told when an interruption has cut the line. */
  onCut: () => void = () => undefined;
  /** It has said nothing more in the middle of a command. */
  hasHung = false;
  /** The next command of that code is refused with it. */
  readonly refusals = new Map<string, number>();
  readonly #options: TerminalOptions;
  readonly #server: Server;
  #interruptions: (CommandBreak & { passed: number })[] = [];
  #line: Line | undefined;
  #card: ShownCard | undefined;
  #waiting: ((card: ShownCard | "timeout" | "stopped") => void) | undefined;
  #shown: (() => void) | undefined;
  #later: (() => void)[] = [];
  #isBusy = false;

  private constructor(options: TerminalOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** Listens on 127.0.0.1. */
  static async open(options: TerminalOptions = {}): Promise<TerminalSimulator> {
    const terminal = new TerminalSimulator(options);
    await new Promise<void>((resolve) => terminal.#server.listen(options.port ?? 0, "127.0.0.1", resolve));
    return terminal;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the terminal does not listen");
    return address.port;
  }

  /**
   * Somebody holds a card to it: the read that waits, or the next one, sees it. Resolves when the station has
   * acknowledged it.
   */
  show(card: ShownCard): Promise<void> {
    const seen = new Promise<void>((resolve) => (this.#shown = resolve));
    this.#card = card;
    this.#waiting?.(card);
    return seen;
  }

  /** A hold that another client of the same terminal has made. */
  holdOfAnother(minor: number): string {
    const card = { kind: "bank", number: "4999999999999990", name: "VISA", funds: minor } as const;
    const made = this.bank.hold(card, minor, "");
    if (typeof made === "number") throw new Error("the other client's hold was refused");
    return made.receipt;
  }

  interrupt(interruption: CommandBreak): void {
    this.#interruptions.push({ ...interruption, passed: 0 });
  }

  /** The bank does now what it was to do later. */
  finishLate(): void {
    for (const work of this.#later.splice(0)) work();
  }

  /** Cuts the line that stands. */
  cut(): void {
    this.#line?.socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** One client at a time: the newest. */
  #accept(socket: Socket): void {
    this.#line?.socket.destroy();
    const line: Line = { socket, acknowledged: undefined };
    this.#line = line;
    const stream = new CommandStream();
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      line.acknowledged?.();
      if (this.#line === line) this.#waiting?.("stopped");
    });
    socket.on("data", (chunk) => {
      for (const command of stream.take(chunk)) this.#arrived(line, command);
    });
  }

  #arrived(line: Line, command: ArrivedCommand): void {
    if (command.code === "8000" || command.code.startsWith("84")) {
      line.acknowledged?.();
      return;
    }
    this.commands.push(command.code);
    void this.#carryOut(line, command);
  }

  async #carryOut(line: Line, { code, data }: ArrivedCommand): Promise<void> {
    if (code === "06b0") {
      if (this.#options.cannotStop === true) return void line.socket.write(frameOfHex("8483"));
      line.socket.write(frameOfHex("8000"));
      this.#waiting?.("stopped");
      return;
    }
    if (this.#isBusy) {
      line.socket.write(frameOfHex("849c"));
      return;
    }
    const at = this.#interruption(code);
    if (await this.#stops(line, at, "arrived")) return;
    const work = this.#work(code, data);
    if (work === undefined) {
      line.socket.write(frameOfHex("8483"));
      return;
    }
    line.socket.write(frameOfHex("8000"));
    if (at?.how === "late") {
      this.#isBusy = true;
      this.#later.push(() => {
        this.#isBusy = false;
        void work();
      });
      return void line.socket.destroySoon();
    }
    if (await this.#stops(line, at, "acknowledged")) return;
    const refusal = this.refusals.get(code);
    this.refusals.delete(code);
    const answers = refusal === undefined ? await work() : [frameOfHex("061e", packed(refusal.toString(16), 2))];
    if (await this.#stops(line, at, "done")) return;
    await this.#tell(line, answers, at);
    if (code === "06c0") this.#cardTaken(answers);
  }

  /** Says the answers one after the other, each acknowledged. */
  async #tell(line: Line, answers: readonly Buffer[], at: CommandBreak | undefined): Promise<void> {
    const last = answers.length - 1;
    const told = answers.findIndex((answer) => answer.readUInt16BE(0) === 0x040f);
    for (const [index, answer] of answers.entries()) {
      if (index === (told < 0 ? last : told) && at?.step === "half-told") {
        line.socket.write(answer.subarray(0, Math.ceil(answer.length / 2)));
        await this.#stops(line, at, "half-told");
        return;
      }
      if (index === last && (await this.#stops(line, at, "told"))) return;
      await this.#said(line, answer, index === last ? at : undefined);
    }
  }

  async #said(line: Line, answer: Buffer, at: CommandBreak | undefined): Promise<void> {
    const acknowledged = new Promise<void>((resolve) => (line.acknowledged = resolve));
    if (line.socket.destroyed) return;
    line.socket.write(answer);
    if (await this.#stops(line, at, "completed")) return;
    await acknowledged;
  }

  #interruption(code: string): CommandBreak | undefined {
    const index = this.#interruptions.findIndex(({ command }) => command === code);
    const found = this.#interruptions[index];
    if (found === undefined) return undefined;
    found.passed += 1;
    if (found.passed <= (found.after ?? 0)) return undefined;
    this.#interruptions.splice(index, 1);
    return found;
  }

  /** Whether the command ends here; what was written before goes out. */
  async #stops(line: Line, at: CommandBreak | undefined, step: CommandStep): Promise<boolean> {
    if (at?.step !== step || at.how === "late") return false;
    if (at.how === "hang") this.hasHung = true;
    else {
      line.socket.destroySoon();
      this.onCut();
    }
    return true;
  }

  /** What a command does; undefined = this terminal has no such command. Done even when the line is gone meanwhile. */
  #work(code: string, data: Buffer): (() => readonly Buffer[] | Promise<readonly Buffer[]>) | undefined {
    const { dialect = "give-back" } = this.#options;
    switch (code) {
      case "0600":
        return () => [frameOfHex("060f", `191029${this.#terminalId}490978`)];
      case "0501":
        return () => [frameOfHex("060f", versionAndState("SIM-1.0", this.state))];
      case "0693":
      case "0670":
        return () => {
          this.state = 0x00;
          return [frameOfHex("060f")];
        };
      case "06e0":
        return () => {
          this.display = linesShown(data);
          return [frameOfHex("060f")];
        };
      case "06c0":
        return () => this.#read(data.readUInt8(0));
      case "0622":
        return () => this.#hold(askedPayment(data));
      case "0623":
        return data.toString("hex") === "87ffff"
          ? () => [this.#openList()]
          : () => this.#end(askedPayment(data), dialect === "give-back" ? "given back" : "booked");
      case "0624":
        return dialect === "book-total" ? () => this.#end(askedPayment(data), "booked") : undefined;
      case "0625":
        return () => this.#end({ ...askedPayment(data), minor: 0 }, "booked");
      case "0620":
        return () => {
          const { last } = this.bank;
          return last === undefined ? [refused(0x83)] : this.#paid(last);
        };
      case "0650":
        return () => {
          if (this.bank.open.length > 0) return [this.#openList()];
          this.state = 0x00;
          return [frameOfHex("040f", "270004000000000000"), frameOfHex("060f")];
        };
      default:
        return undefined;
    }
  }

  get #terminalId(): string {
    return this.#options.terminalId ?? "52523535";
  }

  async #read(seconds: number): Promise<readonly Buffer[]> {
    const { readEndsAfterMs } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const card =
      this.#shown === undefined || this.#card === undefined
        ? await new Promise<ShownCard | "timeout" | "stopped">((resolve) => {
            this.#waiting = resolve;
            if (readEndsAfterMs !== undefined)
              timer = setTimeout(() => resolve("timeout"), Math.min(readEndsAfterMs, 1_000 * seconds));
          })
        : this.#card;
    clearTimeout(timer);
    this.#waiting = undefined;
    if (card === "timeout" || card === "stopped") return [refused(0x6c)];
    return [frameOfHex("040f", `2700${cardFields(card)}`), frameOfHex("060f")];
  }

  #cardTaken(answers: readonly Buffer[]): void {
    if (answers.length < 2) return;
    const told = this.#shown;
    this.#shown = undefined;
    told?.();
  }

  #hold(asked: AskedPayment | undefined): readonly Buffer[] {
    if (asked?.minor === undefined) return [refused(0x9a)];
    if (asked.currency !== "0978") return [frameOfHex("061e", "6f0978")];
    if (this.#card === undefined) return [refused(0x6c)];
    const made = this.bank.hold(this.#card, asked.minor, asked.reference ?? "");
    return typeof made === "number" ? [refused(made)] : [frameOfHex("04ff", "17"), ...this.#paid(made)];
  }

  #end(asked: AskedPayment | undefined, amountIs: "given back" | "booked"): readonly Buffer[] {
    if (asked?.minor === undefined || asked.receipt === undefined) return [refused(0x9a)];
    const held = this.bank.holds.findLast(({ receipt }) => receipt === asked.receipt)?.minor ?? 0;
    const made = this.bank.end(asked.receipt, amountIs === "booked" ? asked.minor : held - asked.minor);
    return typeof made === "number" ? [refused(made)] : this.#paid(made);
  }

  #paid({ receipt, trace, authorisation, minor, cardNumber, cardName }: BankReceipt): readonly Buffer[] {
    const fields =
      `270004${packed(minor, 12)}4909780c2255580d0405${hiddenNumber(cardNumber)}87${receipt}` +
      `${paddedText("3b", authorisation, 8)}0b${trace}196029${this.#terminalId}0e2912` +
      `8a06${spelledText("8b", `${cardName}\0`, 2)}${paddedText("2a", "804011926      ", 15)}`;
    return [frameOfHex("040f", fields), frameOfHex("06d1", `00${trackTwo(cardNumber)}`), frameOfHex("060f")];
  }

  #openList(): Buffer {
    const receipts = this.bank.open.map(({ receipt }) => receipt);
    const [first = "ffff", ...others] = receipts;
    const list = others.map((receipt) => `0802${receipt}`).join("");
    const container = list === "" ? "" : `06${withLength(`23${withLength(list)}`)}`;
    return frameOfHex("061e", `b887${first}${container}`);
  }
}

const refused = (code: number): Buffer => frameOfHex("061e", packed(code.toString(16), 2));

/** What reading a card tells: of a bank's also track 2 and a hash, which the driver must not let through. */
function cardFields(card: ShownCard): string {
  if (card.kind === "rfid") return `06${withLength(`4c0a${card.uid.toLowerCase().padStart(20, "0")}`)}`;
  const hash = createHash("sha256").update(`card ${card.number}`).digest("hex").slice(0, 32);
  const limit = card.maxHold === undefined ? "" : `1f0b06${packed(card.maxHold, 12)}`;
  const application = "600943" + "07a0000000041010";
  return `${trackTwo(card.number)}06${withLength(`${limit}1f1410${hash}4c0a00000000000008${hash.slice(0, 6)}${application}`)}`;
}

/** The lines of a display command, F1 to F8. */
function linesShown(data: Buffer): string[] {
  const lines: string[] = [];
  for (let at = 0; at < data.length; ) {
    const tag = data.readUInt8(at);
    if (tag < 0xf1 || tag > 0xf8) {
      at += 2;
      continue;
    }
    const length = (data.readUInt8(at + 1) - 0xf0) * 10 + data.readUInt8(at + 2) - 0xf0;
    lines.push(data.toString("latin1", at + 3, at + 3 + length));
    at += 3 + length;
  }
  return lines;
}
