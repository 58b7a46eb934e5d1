// Which test files a run takes, and in which order.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { nearestName } from "../../../config/nearest-name.js";

const mostNear = 8;

/** Every test file below a folder, relative to it. */
export function testFilesIn(root: string): string[] {
  const below = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return below(path);
      return entry.name.endsWith(".test.js") ? [relative(root, path)] : [];
    });
  return below(root).sort();
}

/** A part as it is typed or completed by a shell: `test/config/load.test.ts` means `config/load.test.js`. */
const plain = (part: string): string => part.replace(/^(?:\.\/)?(?:test\/)?/, "").replace(/\.ts$/, ".js");

export type Selection =
  | { readonly ok: true; readonly files: readonly string[] }
  | { readonly ok: false; readonly message: string };

/** The files whose path contains one of the parts; all where no part is named. Each part must match. */
export function selectFiles(files: readonly string[], parts: readonly string[]): Selection {
  for (const part of parts)
    if (!files.some((file) => file.includes(plain(part)))) return { ok: false, message: noSuchPart(files, part) };
  const wanted = parts.map(plain);
  return { ok: true, files: files.filter((file) => parts.length === 0 || wanted.some((part) => file.includes(part))) };
}

function noSuchPart(files: readonly string[], part: string): string {
  const words = (path: string): string[] =>
    path
      .replace(/(?:\.test)?\.js$/, "")
      .split("/")
      .filter((word) => word !== "");
  const known = [...new Set(files.flatMap(words))];
  const meant = words(plain(part)).flatMap((word) => nearestName(word, known) ?? []);
  const hits = (file: string): number => meant.filter((name) => file.includes(name)).length;
  const most = Math.max(...files.map(hits));
  const near = most > 0 ? files.filter((file) => hits(file) === most) : [];
  const folders = [...new Set(files.map((file) => `${dirname(file)}/`))];
  const list = near.length > 0 ? near.slice(0, mostNear) : folders;
  const rest = near.length > mostNear ? [`and ${near.length - mostNear} more`] : [];
  const heading = near.length > 0 ? "near it are" : "test files lie in";
  return [`no test file's path contains "${part}"; ${heading}:`, ...[...list, ...rest].map((name) => `  ${name}`)].join(
    "\n",
  );
}

/** Tests that start processes of their own, and the crash tests, take longest: they go first, so that no core waits. */
export function longestFirst(root: string, files: readonly string[]): string[] {
  const takesLong = (file: string): boolean =>
    file.startsWith("soak/") || /support\/(?:command|bench-station)\.js"/.test(readFileSync(join(root, file), "utf8"));
  return files
    .map((file) => ({ file, long: takesLong(file) }))
    .sort((a, b) => Number(b.long) - Number(a.long))
    .map(({ file }) => file);
}

/** The files in whose text a test's name stands as it is; a name may also be put together while the file runs. */
export const filesNaming = (root: string, files: readonly string[], name: string): string[] =>
  files.filter((file) => readFileSync(join(root, file), "utf8").includes(name));
