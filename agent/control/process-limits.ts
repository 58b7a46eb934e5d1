// What the system lets this process have, where that is too little for the agent: told in words before it begins, since
// Node itself ends in the midst of work, with a stack trace of its own.
import { getHeapStatistics } from "node:v8";
import { leastOpenFiles, openFilesWords, softLimit } from "../ledger/store/open-files.js";

/** Infinity = no limit. */
export type ProcessLimits = {
  readonly heapBytes: number;
  readonly openFiles: number;
  readonly addressSpaceBytes: number;
};

const mebibyte = 1024 * 1024;
const is64Bit = /64/.test(process.arch);
/** What Node gives to young objects and counts in its limit, which grew with version 24. */
const youngMib = is64Bit ? (Number.parseInt(process.versions.node, 10) < 24 ? 48 : 192) : 24;
/** With 32 MiB of other objects: with 20 of those a station ends in the midst of its start. */
const leastHeapMib = youngMib + 32;
/** Node reserves address space that it never fills; with less it ends when it next asks for some. */
const leastAddressSpaceMib = 1_800;

/** The limits of this process, as far as the system tells them. */
export const processLimits = (): ProcessLimits => ({
  heapBytes: getHeapStatistics().heap_size_limit,
  openFiles: softLimit("Max open files"),
  // Where addresses have 32 bits, far less is reserved.
  addressSpaceBytes: is64Bit ? softLimit("Max address space") : Number.POSITIVE_INFINITY,
});

/** Why the agent cannot work within these limits; undefined where it can. */
export function whyTooTight({ heapBytes, openFiles, addressSpaceBytes }: ProcessLimits): string | undefined {
  if (heapBytes < leastHeapMib * mebibyte)
    return (
      `Node may use only ${Math.floor(heapBytes / mebibyte)} MiB of memory for its objects, and the agent needs ` +
      `${leastHeapMib}: take --max-old-space-size out of NODE_OPTIONS, or use a machine with more memory`
    );
  if (openFiles < leastOpenFiles) return openFilesWords(openFiles);
  if (addressSpaceBytes < leastAddressSpaceMib * mebibyte)
    return (
      `this process may have only ${Math.floor(addressSpaceBytes / mebibyte)} MiB of address space, and Node reserves ` +
      `${leastAddressSpaceMib}: raise it (ulimit -v unlimited; LimitAS= of the unit)`
    );
  return undefined;
}
