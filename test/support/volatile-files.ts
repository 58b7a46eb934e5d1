// A disk with a volatile cache, one inch above the system: what was not fsynced may be lost, kept, half kept or kept
// with holes when the power is cut; names (made, renamed, removed) last only when their folder was fsynced; any
// operation can fail, done or not done.
import type { Files } from "../../agent/ledger/store/files.js";

/** Thrown by every operation from the cut on: nothing that runs afterwards reaches the disk. */
export class PowerCut extends Error {
  readonly code = "EIO";
}

/** The n-th operation fails, once or from then on, before or after it did its work. */
export type Fault = {
  readonly at: number;
  readonly forever: boolean;
  readonly done: boolean;
  readonly code: "EIO" | "ENOSPC" | "EROFS" | "EMFILE";
};

export type Wishes = {
  /** The power goes off just before this operation (counted from 1). */
  readonly cutAt?: number;
  readonly fault?: Fault;
  /** Every write takes half of what it was given. */
  readonly shortWrites?: boolean;
  /** Bytes that the disk holds at most. */
  readonly capacityBytes?: number;
  /** An fsync for which this is true does nothing and says "done": a line taken out of the program. */
  readonly ignoreSync?: (site: string, count: number) => boolean;
};

/**
 * What becomes of the bytes that are not yet on the disk. Half kept is a file that ends early; holed is one of full
 * length with zeros in it.
 */
export type Fate = "lost" | "kept" | "half" | "holed";
const fates: readonly Fate[] = ["lost", "kept", "half", "holed"];
/**
 * One way in which a cut can end: the fate of bytes, and for each pending name (in the order of `pendingNames`) whether
 * the change lasts.
 */
export type Cut = { readonly bytes: Fate; readonly names: readonly boolean[] };
/** Up to this many pending names every combination is tried; beyond it, each alone and all but each. */
const combinedNames = 4;

type FileNode = {
  readonly kind: "file";
  cache: Buffer;
  durable: Buffer;
  truncated: boolean;
  dirty: { readonly from: number; readonly to: number }[];
};
type FolderNode = { readonly kind: "folder"; readonly cache: Map<string, Node>; durable: Map<string, Node> };
type Node = FileNode | FolderNode;

const emptyFile = (): FileNode => ({
  kind: "file",
  cache: Buffer.alloc(0),
  durable: Buffer.alloc(0),
  truncated: false,
  dirty: [],
});
const emptyFolder = (): FolderNode => ({ kind: "folder", cache: new Map(), durable: new Map() });

export class VolatileFiles implements Files {
  /** Operations asked for so far. */
  operations = 0;
  /** The numbers of those that could change the disk: the places to cut. */
  readonly changes: number[] = [];
  /** Where each fsync was asked for: "fdatasync /state/journal/segment-#.jsonl", with the phase in front. */
  readonly syncs: { readonly site: string; readonly operation: number }[] = [];
  /** A word that the test sets, to tell the same fsync in two parts of the program apart. */
  phase = "";
  #nextFd = 3;
  #capacity: number | undefined;
  readonly #open = new Map<number, { readonly node: Node; readonly path: string }>();

  constructor(
    private readonly wishes: Wishes = {},
    private readonly root: FolderNode = emptyFolder(),
  ) {}

  /**
   * The process ended, the machine ran on: the cache is as it was, the descriptors are gone, and the wishes are new.
   */
  afterKill(wishes: Wishes = {}): VolatileFiles {
    return new VolatileFiles(wishes, this.root);
  }

  /** Every way in which a cut at this moment can end, as far as they differ. */
  possibleCuts(): Cut[] {
    const { names, dirty } = this.#pending(this.root);
    const all = (kept: boolean): boolean[] => names.map(() => kept);
    const combinations =
      names.length <= combinedNames
        ? Array.from({ length: 2 ** names.length }, (_, bits) => names.map((__, index) => (bits >> index) % 2 === 1))
        : [
            all(false),
            all(true),
            ...names.flatMap((_, one) => [
              names.map((__, index) => index === one),
              names.map((__, index) => index !== one),
            ]),
          ];
    return combinations.flatMap((kept) => (dirty ? fates : fates.slice(0, 1)).map((bytes) => ({ bytes, names: kept })));
  }

  /** What the next boot finds. This disk is not changed: several cuts can be tried on it. */
  afterCut(cut: Cut, wishes: Wishes = {}): VolatileFiles {
    const kept = new Set(this.#pending(this.root).names.filter((_, index) => cut.names[index]));
    const survived = new Map<Node, Node>();
    const survive = (node: Node, path: string): Node => {
      const known = survived.get(node);
      if (known) return known;
      if (node.kind === "file") {
        const bytes = onDisk(node, cut.bytes);
        const file: FileNode = { ...emptyFile(), cache: bytes, durable: bytes };
        survived.set(node, file);
        return file;
      }
      const folder = emptyFolder();
      survived.set(node, folder);
      for (const name of namesOf(node)) {
        const child = (kept.has(`${path}/${name}`) ? node.cache : node.durable).get(name);
        if (child) folder.cache.set(name, survive(child, `${path}/${name}`));
      }
      folder.durable = new Map(folder.cache);
      return folder;
    };
    return new VolatileFiles(wishes, survive(this.root, "") as FolderNode);
  }

  /** The harshest cut: nothing lasts that was not fsynced. */
  afterHardCut(wishes: Wishes = {}): VolatileFiles {
    return this.afterCut({ bytes: "lost", names: [] }, wishes);
  }

  /** A disk of its own with the same content, all of it durable. */
  copy(wishes: Wishes = {}): VolatileFiles {
    return this.afterCut({ bytes: "kept", names: this.#pending(this.root).names.map(() => true) }, wishes);
  }

  /**
   * Puts bytes there as a fault of the card would: no operation of the program, durable at once. Undefined takes the
   * file away.
   */
  tamper(path: string, bytes: Buffer | undefined): void {
    const { folder, name } = this.#parent(path);
    if (bytes) folder.cache.set(name, { ...emptyFile(), cache: bytes, durable: bytes });
    else folder.cache.delete(name);
    folder.durable = new Map(folder.cache);
  }

  /** Others fill the disk, with no hope that anything of ours makes room, or make room again. */
  fill(full: boolean): void {
    this.#capacity = full ? 0 : undefined;
  }

  /** Others take every byte that is free now: what we give up ourselves is ours again. */
  takeRest(): void {
    this.#capacity = this.#usedBytes(this.root);
  }

  /** As many files and folders fit on the disk; undefined = it does not count them. */
  inodes: number | undefined;

  /** Others take every inode that is free now. */
  takeRestOfInodes(): void {
    this.inodes = this.#usedInodes(this.root);
  }

  /** The file system goes read-only, as ext4 does after an error, or is mounted writable again. */
  readOnly = false;
  /** Called with each fsync and fdatasync: a disk that takes its time. */
  slow: () => void = () => undefined;

  /** A look from outside: no operation of the program. */
  peek(path: string): Buffer {
    return Buffer.from(this.#file(path, "read").cache);
  }

  /** Whether the wished-for cut has come. */
  get wasCut(): boolean {
    return this.wishes.cutAt !== undefined && this.operations >= this.wishes.cutAt;
  }

  /** The paths of all files, sorted. */
  allFiles(node: Node = this.root, path = ""): string[] {
    if (node.kind === "file") return [path];
    return [...node.cache].flatMap(([name, child]) => this.allFiles(child, `${path}/${name}`)).sort();
  }

  readFileSync(path: string): Buffer {
    return this.#do("read", path, () => Buffer.from(this.#file(path, "read").cache));
  }

  openSync(path: string, flags: string): number {
    return this.#do(flags === "r" ? "open" : "open to write", path, () => {
      const { folder, name } = this.#parent(path);
      let node: Node | undefined = path === "/" ? this.root : folder.cache.get(name);
      if (node && flags.includes("x")) throw fault("EEXIST", "open", path);
      if (!node && flags.startsWith("r")) throw fault("ENOENT", "open", path);
      if (!node && this.inodes !== undefined && this.#freeInodes() === 0) throw fault("ENOSPC", "open", path);
      if (!node) folder.cache.set(name, (node = emptyFile()));
      if (flags.startsWith("w") && node.kind === "file")
        Object.assign(node, { cache: Buffer.alloc(0), truncated: true, dirty: [] });
      this.#nextFd += 1;
      this.#open.set(this.#nextFd, { node, path });
      return this.#nextFd;
    });
  }

  openDeviceSync(path: string): number {
    throw Object.assign(new Error(`ENOENT: no such device, open '${path}'`), { code: "ENOENT" });
  }

  writeSync(fd: number, data: Uint8Array, offset: number, length: number): number {
    const { node, path } = this.#opened(fd);
    return this.#do("write", path, () => {
      if (node.kind !== "file") throw fault("EISDIR", "write", path);
      const room = this.#freeBytes();
      if (length > 0 && room === 0) throw fault("ENOSPC", "write", path);
      const taken = Math.min(room, this.wishes.shortWrites ? Math.ceil(length / 2) : length);
      const from = node.cache.length;
      node.cache = Buffer.concat([node.cache, data.subarray(offset, offset + taken)]);
      node.dirty.push({ from, to: node.cache.length });
      return taken;
    });
  }

  fsyncSync(fd: number): void {
    this.#sync("fsync", fd);
  }

  fdatasyncSync(fd: number): void {
    this.#sync("fdatasync", fd);
  }

  ftruncateSync(fd: number, size: number): void {
    const { node, path } = this.#opened(fd);
    this.#do("ftruncate", path, () => {
      if (node.kind !== "file") throw fault("EISDIR", "ftruncate", path);
      const cache = node.cache.subarray(0, size);
      Object.assign(node, { cache, truncated: true, dirty: [{ from: 0, to: cache.length }] });
    });
  }

  closeSync(fd: number): void {
    const { path } = this.#opened(fd);
    this.#open.delete(fd);
    this.#do("close", path, () => undefined);
  }

  renameSync(from: string, to: string): void {
    this.#do("rename", from, () => {
      const [old, fresh] = [this.#parent(from), this.#parent(to)];
      const node = this.#node(from, "rename");
      old.folder.cache.delete(old.name);
      fresh.folder.cache.set(fresh.name, node);
    });
  }

  linkSync(existing: string, path: string): void {
    this.#do("link", path, () => {
      const { folder, name } = this.#parent(path);
      if (folder.cache.has(name)) throw fault("EEXIST", "link", path);
      folder.cache.set(name, this.#node(existing, "link"));
    });
  }

  unlinkSync(path: string): void {
    this.#do("unlink", path, () => {
      this.#file(path, "unlink");
      const { folder, name } = this.#parent(path);
      folder.cache.delete(name);
    });
  }

  mkdirSync(path: string): string | undefined {
    return this.#do("mkdir", path, () => {
      const { folder, name } = this.#parent(path);
      if (folder.cache.has(name)) return undefined;
      folder.cache.set(name, emptyFolder());
      return path;
    });
  }

  readdirSync(path: string): string[] {
    return this.#do("readdir", path, () => {
      const node = this.#node(path, "readdir");
      if (node.kind !== "folder") throw fault("ENOTDIR", "readdir", path);
      return [...node.cache.keys()];
    });
  }

  statSync(path: string): { readonly size: number; readonly mode: number; isDirectory(): boolean } {
    return this.#do("stat", path, () => {
      const node = this.#node(path, "stat");
      return {
        size: node.kind === "file" ? node.cache.length : 0,
        mode: 0o600,
        isDirectory: () => node.kind === "folder",
      };
    });
  }

  statfsSync(path: string): ReturnType<Files["statfsSync"]> {
    return this.#do("statfs", path, () => ({
      bavail: Math.min(this.#freeBytes(), 2 ** 40),
      bsize: 1,
      files: this.inodes ?? 0,
      ffree: this.#freeInodes(),
    }));
  }

  /** The names whose change does not last yet, and whether any bytes do not. */
  #pending(node: Node, path = ""): { readonly names: string[]; readonly dirty: boolean } {
    if (node.kind === "file") return { names: [], dirty: node.dirty.length > 0 || node.truncated };
    const names: string[] = [];
    let dirty = false;
    for (const name of namesOf(node)) {
      const [before, now] = [node.durable.get(name), node.cache.get(name)];
      if (before !== now) names.push(`${path}/${name}`);
      // Below a name that is pending both may come to stand there.
      for (const child of new Set([before, now])) {
        const below = child ? this.#pending(child, `${path}/${name}`) : undefined;
        names.push(...(below?.names ?? []));
        dirty ||= below?.dirty === true;
      }
    }
    return { names, dirty };
  }

  /** One operation: the power may be off, it may fail before or after its work. */
  #do<T>(operation: string, path: string, work: () => T, whenItFails: () => void = () => undefined): T {
    this.operations += 1;
    const { cutAt, fault: wish } = this.wishes;
    if (
      this.readOnly &&
      ["write", "rename", "link", "unlink", "mkdir", "ftruncate", "open to write"].includes(operation)
    )
      throw fault("EROFS", operation, path);
    if (cutAt !== undefined && this.operations >= cutAt)
      throw new PowerCut(`the power went off at operation ${cutAt}: ${operation} ${path}`);
    if (!["read", "stat", "readdir", "statfs", "close"].includes(operation)) this.changes.push(this.operations);
    const fails = wish && (this.operations === wish.at || (wish.forever && this.operations > wish.at));
    if (fails && !wish.done) {
      whenItFails();
      throw fault(wish.code, operation, path);
    }
    const result = work();
    if (fails) throw fault(wish.code, operation, path);
    return result;
  }

  #sync(operation: string, fd: number): void {
    const { node, path } = this.#opened(fd);
    const site = `${this.phase} ${operation} ${path.replace(/\d+/g, "#")}`;
    this.syncs.push({ site, operation: this.operations + 1 });
    this.slow();
    const ignored = this.wishes.ignoreSync?.(site, this.syncs.length) === true;
    const work = (): void => {
      if (ignored) return;
      if (node.kind === "folder") node.durable = new Map(node.cache);
      else Object.assign(node, { durable: onDisk(node, "kept"), truncated: false, dirty: [] });
    };
    // After a failed fsync Linux takes the pages for clean: they can be read, and no later fsync brings them to the
    // disk.
    const forget = (): void => void (node.kind === "file" && (node.dirty = []));
    this.#do(operation, path, work, forget);
  }

  #usedInodes(node: Node): number {
    if (node.kind === "file") return 1;
    return 1 + [...node.cache.values()].reduce((sum, child) => sum + this.#usedInodes(child), 0);
  }

  #freeInodes(): number {
    return this.inodes === undefined ? 0 : Math.max(0, this.inodes - this.#usedInodes(this.root));
  }

  #freeBytes(): number {
    const capacity = this.#capacity ?? this.wishes.capacityBytes;
    if (capacity === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(0, capacity - this.#usedBytes(this.root));
  }

  #usedBytes(node: Node): number {
    return node.kind === "file"
      ? node.cache.length
      : [...node.cache.values()].reduce((sum, child) => sum + this.#usedBytes(child), 0);
  }

  #opened(fd: number): { readonly node: Node; readonly path: string } {
    const opened = this.#open.get(fd);
    if (!opened) throw fault("EBADF", "use", `descriptor ${fd}`);
    return opened;
  }

  #node(path: string, operation: string): Node {
    let node: Node | undefined = this.root;
    for (const name of partsOf(path)) node = node?.kind === "folder" ? node.cache.get(name) : undefined;
    if (!node) throw fault("ENOENT", operation, path);
    return node;
  }

  #file(path: string, operation: string): FileNode {
    const node = this.#node(path, operation);
    if (node.kind !== "file") throw fault("EISDIR", operation, path);
    return node;
  }

  #parent(path: string): { readonly folder: FolderNode; readonly name: string } {
    const cut = path.lastIndexOf("/");
    const folder = this.#node(path.slice(0, cut), "open");
    if (folder.kind !== "folder") throw fault("ENOTDIR", "open", path);
    return { folder, name: path.slice(cut + 1) };
  }
}

/** The names on a path; a few paths are asked for a million times. */
const knownParts = new Map<string, readonly string[]>();
function partsOf(path: string): readonly string[] {
  const known = knownParts.get(path) ?? path.split("/").filter((part) => part !== "");
  knownParts.set(path, known);
  return known;
}

const namesOf = (folder: FolderNode): Set<string> => new Set([...folder.durable.keys(), ...folder.cache.keys()].sort());

/** What of a file is on the disk when its unsynced bytes meet this fate. */
function onDisk(node: FileNode, fate: Fate): Buffer {
  if (fate === "lost") return node.durable;
  const base = node.truncated ? Buffer.alloc(0) : node.durable;
  const pending = node.dirty.reduce((sum, { from, to }) => sum + to - from, 0);
  const half = Math.floor(pending / 2);
  let seen = 0;
  const bytes = Buffer.alloc(Math.max(base.length, ...node.dirty.map(({ to }) => to)));
  base.copy(bytes);
  for (const { from, to } of node.dirty) {
    if (fate === "kept") {
      node.cache.copy(bytes, from, from, to);
      continue;
    }
    for (let at = from; at < to; at += 1, seen += 1) {
      const written = fate === "half" ? seen < half : seen >= half;
      if (written) bytes[at] = node.cache[at] ?? 0;
      else if (fate === "half") return bytes.subarray(0, Math.max(base.length, at));
    }
  }
  return bytes;
}

function fault(code: string, operation: string, path: string): Error {
  // An Error as Node's, but without a stack: tens of thousands are made, and nobody reads where.
  const error = Object.create(Error.prototype) as Error;
  return Object.assign(error, { message: `${code}: simulated, ${operation} '${path}'`, code });
}
