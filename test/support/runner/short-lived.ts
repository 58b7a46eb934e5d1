/**
 * What Node is told in a process of a test. Such a process lives for a second or two, in which V8's optimizing compiler
 * costs more processor time than it saves: a function is optimized when it has run some four times as much as usual. It
 * changes no result. `node --v8-options` lists it (Node 20 to 24).
 */
export const shortLived: readonly string[] = ["--interrupt-budget=500000"];
