// Makes the pages that are one file each: bundles the compiled code of a page and puts it, with its style, into HTML.
// Run by agent/start.js after the compiler; the result lies in dist/agent/web. Plain JavaScript, since the bundler is
// no part of the program.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const built = join(root, "dist", "agent", "web");
const read = (...path) => readFileSync(join(root, ...path), "utf8");
const sha256 = (data) => createHash("sha256").update(data).digest();

/** One script of a page's compiled entry, with what it imports; `define` = JSON values put in for names. */
function bundle(entry, define = {}) {
  const { outputFiles } = buildSync({
    entryPoints: [join(built, entry)],
    bundle: true,
    write: false,
    minify: true,
    charset: "utf8",
    format: "iife",
    target: ["es2022"],
    platform: "browser",
    legalComments: "none",
    logLevel: "warning",
    define,
  });
  return outputFiles[0].text.trim();
}

const { verifyFile } = await import(join(built, "verify", "verify-file.js"));
const script = bundle("verify/verify-page.js", {
  receiptSchema: JSON.stringify(JSON.parse(read("config", "receipt.schema.json"))),
  programVersion: JSON.stringify(JSON.parse(read("package.json")).version),
});
writeFileSync(join(built, "verify.html"), verifyFile(script, sha256));

const { findFile } = await import(join(built, "find", "find-file.js"));
writeFileSync(join(built, "find.html"), findFile(bundle("find/find-page.js"), sha256));
