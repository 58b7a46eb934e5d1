// The sources of the repository as the rules of tidy.test.ts see them: text, imports and declarations of each file.
// Read line by line, which the formatter makes safe: what stands at a line's beginning is at the top of its file.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "..");

export type Source = {
  /** From the root of the repository. */
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  /** The text without its comments. */
  readonly code: string;
  /** Paths of own files, names of packages. */
  readonly imports: readonly string[];
  readonly exported: readonly string[];
  /** Names at the top of the file that stay in it. */
  readonly own: readonly string[];
};

const importing =
  /(?:^import\s[^;]*?from\s+|^import\s+|^export\s[^;]*?from\s+|\bimport\(\s*|\brequire\(\s*)"([^"]+)"/gm;
const declaring =
  /^(export )?(?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|const|let|type|interface|enum) (\w+)/gm;

/** The folder at the top: agent, drivers, config or test. */
export const topFolderOf = (path: string): string => path.split("/")[0] ?? "";

/** The package of an import: "yaml/util" is of yaml, "@scope/name/part" of "@scope/name". */
export const packageOf = (name: string): string =>
  name
    .split("/")
    .slice(0, name.startsWith("@") ? 2 : 1)
    .join("/");

function pathsIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return pathsIn(path);
    return entry.name.endsWith(".ts") ? [path] : [];
  });
}

/** One file's text, taken apart. */
export function sourceOf(path: string, text: string): Source {
  const folder = dirname(path);
  const declared = [...text.matchAll(declaring)].map(([, exported, name = ""]) => ({ exported, name }));
  return {
    path,
    folder,
    text,
    code: text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ""),
    imports: [...text.matchAll(importing)].map(([, name = ""]) =>
      name.startsWith(".") ? normalize(join(folder, name)).replace(/\.js$/, ".ts") : name,
    ),
    exported: declared.filter(({ exported }) => exported !== undefined).map(({ name }) => name),
    own: declared.filter(({ exported }) => exported === undefined).map(({ name }) => name),
  };
}

/** All TypeScript of the four top folders. */
export const readSources = (): readonly Source[] =>
  ["agent", "drivers", "config", "test"]
    .flatMap(pathsIn)
    .map((path) => sourceOf(path, readFileSync(join(root, path), "utf8")));
