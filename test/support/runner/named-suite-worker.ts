// The resolve hook of named-suite.ts, which Node runs in a thread of its own.
import type { ResolveHook } from "node:module";

const reduced = new URL("./named-suite.js", import.meta.url).href;

export const resolve: ResolveHook = (specifier, context, next) =>
  specifier === "uvu" && context.parentURL !== reduced
    ? { url: reduced, format: "module", shortCircuit: true }
    : next(specifier, context);
