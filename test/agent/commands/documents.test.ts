// What the documents name exists: files, headings, commands with their options, npm scripts.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { programFor } from "../../../agent/cli.js";
import { faultTable } from "../../../agent/core/fault-table.js";
import { callsIn, namedCommands, parserOf } from "../../support/cli/command-lines.js";

const root = join(fileURLToPath(import.meta.url), "../../../../..");
/** What is not ours, or not written by hand. */
const notOurs: ReadonlySet<string> = new Set(["node_modules", "dist", ".git", "coverage"]);

function documentsIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return notOurs.has(entry.name) ? [] : documentsIn(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

type Document = { readonly name: string; readonly path: string; readonly text: string };
const documents: readonly Document[] = documentsIn(root).map((path) => ({
  name: relative(root, path),
  path,
  text: readFileSync(path, "utf8"),
}));

/** What stands in a text as code: lines of fenced blocks, and spans. */
function codeIn(text: string): { readonly lines: string[]; readonly spans: string[] } {
  const blocks = [...text.matchAll(/^```.*\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block);
  const rest = text.replace(/^```.*\n[\s\S]*?^```$/gm, "");
  return {
    lines: blocks.flatMap((block) => block.split("\n")),
    spans: [...rest.matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span.replace(/\\\|/g, "|")),
  };
}

/** The anchors of a document's headings, as GitHub makes them. */
const anchorsOf = (text: string): string[] =>
  [...text.replace(/^```.*\n[\s\S]*?^```$/gm, "").matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replace(/ /g, "-"),
  );

const test = suite("the documents");

test("each link leads to a file, and to a heading in it", () => {
  const broken = documents.flatMap(({ name, path, text }) =>
    [...text.replace(/^```.*\n[\s\S]*?^```$/gm, "").matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = ""]) => target)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => {
        const [file = "", anchor] = target.split("#");
        const goal = file === "" ? path : join(dirname(path), file);
        if (!existsSync(goal)) return true;
        return anchor !== undefined && !anchorsOf(readFileSync(goal, "utf8")).includes(anchor);
      })
      .map((target) => `${name}: ${target}`),
  );
  assert.equal(broken, []);
});

test("each path in them exists, seen from the document or from the root", () => {
  const missing = documents.flatMap(({ name, path, text }) =>
    codeIn(text)
      .spans.filter((span) => /^[\w.-]+(?:\/[\w.-]+)+\/?$/.test(span) && isOurs(span, path))
      // MODEL.json is no file: the reader's own name goes there.
      .filter((span) => !/\/[A-Z]+\.json$/.test(span))
      .filter((span) => !Object.hasOwn(faultTable, span))
      .filter((span) => !existsSync(join(root, span)) && !existsSync(join(dirname(path), span)))
      .map((span) => `${name}: ${span}`),
  );
  assert.equal(missing, []);
});

/** A path whose first folder is one of ours, from the root or from the document's folder. */
function isOurs(span: string, document: string): boolean {
  const [first = ""] = span.split("/");
  const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();
  return isFolder(join(root, first)) || isFolder(join(dirname(document), first));
}

/** A line of a shell without prompt, sudo and comment, with something in place of what the reader has to fill in. */
const typed = (line: string): string =>
  line
    .replace(/^\s*\$ /, "")
    .replace(/\s+# .*$/, "")
    .replace(/\bsudo /g, "")
    .replace(/\bnpm start --/g, "chargetill demo")
    .replace(/(?<= )(?:N|CONNECTOR)\b/g, "1");

test("each call of chargetill in them is understood", async () => {
  const program = await programFor(["--help"]);
  const names = new Set([...namedCommands(program)].map(({ words }) => words.join(" ")));
  const parser = parserOf(program);
  let count = 0;
  for (const { name, text } of documents) {
    const { lines, spans } = codeIn(text);
    for (const line of [...lines, ...spans].map(typed))
      for (const call of callsIn(line)) {
        // A command that is only named, or one with parts that the reader chooses from.
        if (call[0] === "COMMAND" || call.some((word) => /^\w+(\|\w+)+$/.test(word))) continue;
        count += 1;
        if (names.has(call.join(" "))) continue;
        const ran = await parser.understood(call).catch((error: Error) => {
          throw new Error(`${name}: ${line}: ${error.message}`);
        });
        assert.ok(call.join(" ").startsWith(ran), `${name}: ${line} runs "${ran}"`);
      }
  }
  assert.ok(count > 50, `${count} calls were found`);
});

test("each npm script that they name is in package.json", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object };
  const missing = documents.flatMap(({ name, text }) =>
    [...text.matchAll(/\bnpm run (?:-s )?([a-z]+)/g)]
      .map(([, script = ""]) => script)
      .filter((script) => !Object.hasOwn(scripts, script))
      .map((script) => `${name}: npm run ${script}`),
  );
  assert.equal(missing, []);
});

test("the table of commands names every one", async () => {
  const rows = readFileSync(join(root, "agent/commands/README.md"), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line): readonly string[] => line.split(" | ")[0]?.match(/\w+/g) ?? []);
  const leaves = [...namedCommands(await programFor(["--help"]))].filter(
    ({ command }) => command.commands.length === 0,
  );
  const missing = leaves
    .filter(({ words }) => !rows.some((row) => words.every((word) => row.includes(word))))
    .map(({ words }) => words.join(" "));
  assert.equal(missing, []);
});

test("the map of the agent names each of its folders, and each of the core's", () => {
  const map = readFileSync(join(root, "agent/README.md"), "utf8");
  const foldersIn = (folder: string): string[] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? entry.name : [],
    );
  const missing = [
    ...foldersIn("agent").filter((name) => !map.includes(`| [${name}](`)),
    ...foldersIn("agent/core").filter((name) => !map.includes(`[${name}](core/${name})`)),
  ];
  assert.equal(missing, []);
});

test("the names in the answers of where-is-what stand in the files beside them, or are keys of the config", () => {
  const config = readdirSync(join(root, "config"))
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(join(root, "config", name), "utf8"))
    .join("\n");
  const rows = [
    ...readFileSync(join(root, "agent/README.md"), "utf8").matchAll(/^\| [^|]+\? \| ([^|]+) \| ([^|]+) \|$/gm),
  ];
  assert.ok(rows.length > 20, `${rows.length} rows`);
  const missing = rows.flatMap(([, answer = "", files = ""]) => {
    const sources = [...files.matchAll(/\]\(([^)#]+)\)/g)].map(([, file = ""]) =>
      readFileSync(join(root, "agent", file), "utf8"),
    );
    return codeIn(answer).spans.filter(
      (span) => /^[a-z]\w+$/.test(span) && ![...sources, config].some((text) => text.includes(span)),
    );
  });
  assert.equal(missing, []);
});

test("the README is short enough to be read", () => {
  const text = readFileSync(join(root, "README.md"), "utf8");
  assert.ok(text.split("\n").length <= 221, `${text.split("\n").length} lines`);
  assert.ok(Buffer.byteLength(text) <= 14 * 1024, `${Buffer.byteLength(text)} bytes`);
});

test.run();
