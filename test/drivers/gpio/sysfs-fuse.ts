// Serves a SysfsModel as a FUSE file system on an open /dev/fuse, with poll, so that onoff's epoll wakes as on the
// kernel's own sysfs. The protocol is that of linux/fuse.h, version 7.31, as far as a folder of small files needs it.
// One request, one answer.
import { read, writeSync } from "node:fs";
import { ENOENT, Refused, type SysfsModel } from "./sysfs-model.js";

const op = {
  lookup: 1,
  forget: 2,
  getattr: 3,
  setattr: 4,
  open: 14,
  read: 15,
  write: 16,
  release: 18,
  flush: 25,
  init: 26,
  opendir: 27,
  readdir: 28,
  releasedir: 29,
  interrupt: 36,
  destroy: 38,
  poll: 40,
  batchForget: 42,
} as const;
const inHeaderBytes = 40;
const mostWrite = 4096;
const ENOSYS = 38;
const directIo = 1;
const notifyPoll = 1;
const pollNormal = 0x01 | 0x04;
const pollUrgent = 0x02 | 0x08;

type Handle = { readonly path: string; seen: number; kernelHandle: bigint | undefined };

export class SysfsFuse {
  readonly #paths = new Map<bigint, string>([[1n, "/"]]);
  readonly #nodes = new Map<string, bigint>([["/", 1n]]);
  readonly #handles = new Map<bigint, Handle>();
  #nextHandle = 1n;

  constructor(
    private readonly fd: number,
    private readonly model: SysfsModel,
  ) {
    model.onEvent = (gpio) => this.#wake(gpio);
  }

  /** Serves until the file system is unmounted. */
  serve(): Promise<void> {
    const buffer = Buffer.alloc(mostWrite + 65_536);
    return new Promise((resolve) => {
      const next = (): void =>
        read(this.fd, buffer, 0, buffer.length, null, (error, length) => {
          if (error?.code === "ENODEV") return resolve();
          if (error === null) this.#answer(buffer.subarray(0, length));
          next();
        });
      next();
    });
  }

  #answer(request: Buffer): void {
    const opcode = request.readUInt32LE(4);
    const unique = request.readBigUInt64LE(8);
    if (opcode === op.forget || opcode === op.batchForget || opcode === op.interrupt) return;
    let body: Buffer = Buffer.alloc(0);
    let errno = 0;
    try {
      body = this.#do(opcode, this.#paths.get(request.readBigUInt64LE(16)) ?? "", request.subarray(inHeaderBytes));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      errno = error.errno;
    }
    this.#send(unique, -errno, body);
  }

  #send(unique: bigint, error: number, body: Buffer): void {
    const header = Buffer.alloc(16);
    header.writeUInt32LE(16 + body.length, 0);
    header.writeInt32LE(error, 4);
    header.writeBigUInt64LE(unique, 8);
    try {
      writeSync(this.fd, Buffer.concat([header, body]));
    } catch (error) {
      // The one who asked, or who polled, is gone.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }

  #do(opcode: number, path: string, input: Buffer): Buffer {
    switch (opcode) {
      case op.init:
        return this.#init(input);
      case op.lookup:
        return this.#lookup(path, input.subarray(0, input.indexOf(0)).toString());
      case op.getattr:
      case op.setattr:
        return Buffer.concat([Buffer.alloc(16), this.#attributes(path)]);
      case op.open:
      case op.opendir:
        return this.#open(path);
      case op.read:
      case op.readdir:
        return this.#read(opcode === op.readdir, this.#handle(input), input);
      case op.write:
        return this.#write(this.#handle(input), input);
      case op.poll:
        return this.#poll(this.#handle(input), input);
      case op.release:
      case op.releasedir:
        this.#handles.delete(input.readBigUInt64LE(0));
        return Buffer.alloc(0);
      case op.flush:
      case op.destroy:
        return Buffer.alloc(0);
      default:
        throw new Refused(ENOSYS);
    }
  }

  #init(input: Buffer): Buffer {
    const output = Buffer.alloc(64);
    output.writeUInt32LE(7, 0);
    output.writeUInt32LE(31, 4);
    output.writeUInt32LE(input.readUInt32LE(8), 8);
    output.writeUInt32LE(mostWrite, 20);
    output.writeUInt32LE(1, 24);
    return output;
  }

  #lookup(folder: string, name: string): Buffer {
    const path = folder === "/" ? `/${name}` : `${folder}/${name}`;
    if (this.model.find(path) === undefined) throw new Refused(ENOENT);
    const node = this.#nodes.get(path) ?? BigInt(this.#nodes.size + 1);
    this.#nodes.set(path, node);
    this.#paths.set(node, path);
    const entry = Buffer.alloc(40);
    entry.writeBigUInt64LE(node, 0);
    return Buffer.concat([entry, this.#attributes(path)]);
  }

  #attributes(path: string): Buffer {
    const found = this.model.find(path);
    if (found === undefined) throw new Refused(ENOENT);
    const attributes = Buffer.alloc(88);
    attributes.writeBigUInt64LE(this.#nodes.get(path) ?? 1n, 0);
    attributes.writeBigUInt64LE(4096n, 8);
    attributes.writeUInt32LE(found.kind === "folder" ? 0o040755 : 0o100644, 60);
    attributes.writeUInt32LE(1, 64);
    attributes.writeUInt32LE(4096, 80);
    return attributes;
  }

  #open(path: string): Buffer {
    if (this.model.find(path) === undefined) throw new Refused(ENOENT);
    const handle = this.#nextHandle++;
    this.#handles.set(handle, { path, seen: this.model.events(path), kernelHandle: undefined });
    const output = Buffer.alloc(16);
    output.writeBigUInt64LE(handle, 0);
    output.writeUInt32LE(directIo, 8);
    return output;
  }

  #handle(input: Buffer): Handle {
    const handle = this.#handles.get(input.readBigUInt64LE(0));
    if (handle === undefined) throw new Refused(ENOENT);
    return handle;
  }

  #read(isFolder: boolean, handle: Handle, input: Buffer): Buffer {
    const offset = Number(input.readBigUInt64LE(8));
    const size = input.readUInt32LE(16);
    if (!isFolder) {
      handle.seen = this.model.events(handle.path);
      return Buffer.from(this.model.read(handle.path)).subarray(offset, offset + size);
    }
    const found = this.model.find(handle.path);
    const names = found?.kind === "folder" ? found.names : [];
    const entries = names.slice(offset).map((name, index) => {
      const entry = Buffer.alloc(24 + Math.ceil(name.length / 8) * 8);
      entry.writeBigUInt64LE(BigInt(offset + index + 2), 0);
      entry.writeBigUInt64LE(BigInt(offset + index + 1), 8);
      entry.writeUInt32LE(name.length, 16);
      entry.write(name, 24);
      return entry;
    });
    let room = size;
    return Buffer.concat(entries.filter((entry) => (room -= entry.length) >= 0));
  }

  #write(handle: Handle, input: Buffer): Buffer {
    const size = input.readUInt32LE(16);
    this.model.write(handle.path, input.subarray(40, 40 + size).toString());
    const output = Buffer.alloc(8);
    output.writeUInt32LE(size, 0);
    return output;
  }

  #poll(handle: Handle, input: Buffer): Buffer {
    handle.kernelHandle = input.readBigUInt64LE(8);
    const output = Buffer.alloc(8);
    output.writeUInt32LE(pollNormal | (this.model.events(handle.path) === handle.seen ? 0 : pollUrgent), 0);
    return output;
  }

  #wake(gpio: number): void {
    for (const handle of this.#handles.values()) {
      if (handle.kernelHandle === undefined || this.model.gpioOf(handle.path) !== gpio) continue;
      const body = Buffer.alloc(8);
      body.writeBigUInt64LE(handle.kernelHandle, 0);
      this.#send(0n, notifyPoll, body);
    }
  }
}
