// The Merkle tree of RFC 6962 over the receipts, kept as its right edge only: adding a leaf costs O(log n) whatever was
// issued before. Hashes travel as lower-case hex. An inclusion proof lists siblings from the leaf upwards; a
// consistency proof follows RFC 6962, 2.1.2.
import { fromHex, hexText, joinedBytes } from "../number/bytes.js";

export type HashFunction = (data: Uint8Array) => Uint8Array;

/** The peaks of the perfect subtrees that make up a tree of `count` leaves, largest first. */
export type Frontier = readonly string[];

const leafMark = Uint8Array.of(0);
const nodeMark = Uint8Array.of(1);

function bytesOf(text: string): Uint8Array {
  const bytes = fromHex(text);
  if (bytes === undefined || bytes.length !== 32)
    throw new TypeError(`"${text.slice(0, 80)}" is not a SHA-256 hash in hex`);
  return bytes;
}

/** SHA-256(0x00 || data), in hex (RFC 6962, 2.1). */
export const leafHash = (data: Uint8Array, hash: HashFunction): string => hexText(hash(joinedBytes(leafMark, data)));

/** SHA-256(0x01 || left || right), in hex. */
const nodeHash = (left: string, right: string, hash: HashFunction): string =>
  hexText(hash(joinedBytes(nodeMark, bytesOf(left), bytesOf(right))));

/** The frontier after one more leaf: equal subtrees are joined, as a carry runs through a binary number. */
export function frontierWith(frontier: Frontier, count: number, leaf: string, hash: HashFunction): Frontier {
  const peaks = [...frontier];
  let node = leaf;
  for (let carry = count; carry % 2 === 1; carry = Math.floor(carry / 2)) {
    const left = peaks.pop();
    if (left === undefined)
      throw new RangeError(`a frontier of ${frontier.length} peaks is not a tree of ${count} leaves`);
    node = nodeHash(left, node, hash);
  }
  peaks.push(node);
  return peaks;
}

/** The root of the tree with this frontier; the empty tree's root is SHA-256(""). */
export function rootOf(frontier: Frontier, hash: HashFunction): string {
  const last = frontier.at(-1);
  if (last === undefined) return hexText(hash(new Uint8Array(0)));
  return frontier.slice(0, -1).reduceRight((right, left) => nodeHash(left, right, hash), last);
}

/** The inclusion proof of the leaf that was added to a tree with this frontier: its peaks, smallest first. */
export const proofOfNewest = (before: Frontier): readonly string[] => [...before].reverse();

/** The largest power of two below n. */
const split = (n: number): number => 2 ** Math.floor(Math.log2(n - 1));

/** The root over a list of leaf hashes. */
export function treeRoot(leaves: readonly string[], hash: HashFunction): string {
  let frontier: Frontier = [];
  for (const [count, leaf] of leaves.entries()) frontier = frontierWith(frontier, count, leaf, hash);
  return rootOf(frontier, hash);
}

/** The inclusion proof (RFC 6962, 2.1.1) of leaf `index` in the tree over all `leaves`. */
export function inclusionProof(index: number, leaves: readonly string[], hash: HashFunction): readonly string[] {
  if (!(index >= 0 && index < leaves.length))
    throw new RangeError(`there is no leaf ${index} in a tree of ${leaves.length}`);
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  return index < k
    ? [...inclusionProof(index, leaves.slice(0, k), hash), treeRoot(leaves.slice(k), hash)]
    : [...inclusionProof(index - k, leaves.slice(k), hash), treeRoot(leaves.slice(0, k), hash)];
}

/** The root that a leaf and its proof lead to, or undefined where the proof has the wrong length for that place. */
export function rootFromInclusion(
  index: number,
  size: number,
  leaf: string,
  proof: readonly string[],
  hash: HashFunction,
): string | undefined {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return undefined;
  let root = leaf;
  const isWhole = climb(index, size - 1, proof, (sibling, isLeft) => {
    root = isLeft ? nodeHash(sibling, root, hash) : nodeHash(root, sibling, hash);
  });
  return isWhole ? root : undefined;
}

/**
 * The roots of earlier trees that a proof of inclusion tells of, by their size: its siblings on the left are the peaks of
 * the tree in front of the leaf, and with the leaf they make the tree that ends with it. They are proven where the proof
 * itself leads to a root that is. Empty where the proof has the wrong length for that place.
 */
export function earlierRoots(
  index: number,
  size: number,
  leaf: string,
  proof: readonly string[],
  hash: HashFunction,
): ReadonlyMap<number, string> {
  const roots = new Map<number, string>();
  if (rootFromInclusion(index, size, leaf, proof, hash) === undefined) return roots;
  const peaks: string[] = [];
  climb(index, size - 1, proof, (sibling, isLeft) => {
    if (isLeft) peaks.unshift(sibling);
  });
  let covered = 0;
  for (const at of peaks.keys()) {
    // The largest power of two within what is left of the tree in front of the leaf.
    covered += 2 ** Math.floor(Math.log2(index - covered));
    roots.set(covered, rootOf(peaks.slice(0, at + 1), hash));
  }
  return roots.set(index + 1, rootOf(frontierWith(peaks, index, leaf, hash), hash));
}

/**
 * Goes from a node up to the root and hands over each sibling of the proof with the side on which it stands; false
 * where the proof is longer or shorter than the way (RFC 9162, 2.1.3.2 and 2.1.4.2).
 */
function climb(
  start: number,
  lastOfAll: number,
  siblings: readonly string[],
  meet: (sibling: string, isLeft: boolean) => void,
): boolean {
  let node = start;
  let last = lastOfAll;
  const up = (): void => {
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  };
  for (const sibling of siblings) {
    if (last === 0) return false;
    const isLeft = node % 2 === 1 || node === last;
    meet(sibling, isLeft);
    if (isLeft) while (node % 2 === 0 && node !== 0) up();
    up();
  }
  return last === 0;
}

/**
 * The proof that the tree over the first `size` leaves is the beginning of the tree over all of them (RFC 6962, 2.1.2).
 */
export function consistencyProof(size: number, leaves: readonly string[], hash: HashFunction): readonly string[] {
  if (!(size >= 1 && size <= leaves.length))
    throw new RangeError(`no consistency from size ${size} to ${leaves.length}`);
  const within = (m: number, part: readonly string[], known: boolean): string[] => {
    if (m === part.length) return known ? [] : [treeRoot(part, hash)];
    const k = split(part.length);
    return m <= k
      ? [...within(m, part.slice(0, k), known), treeRoot(part.slice(k), hash)]
      : [...within(m - k, part.slice(k), false), treeRoot(part.slice(0, k), hash)];
  };
  return within(size, leaves, true);
}

/** True where the proof shows that the tree (oldSize, oldRoot) grew into (newSize, newRoot). */
export function isConsistent(
  oldSize: number,
  oldRoot: string,
  newSize: number,
  newRoot: string,
  proof: readonly string[],
  hash: HashFunction,
): boolean {
  if (!Number.isSafeInteger(oldSize) || !Number.isSafeInteger(newSize) || oldSize < 0 || oldSize > newSize)
    return false;
  if (oldSize === 0) return proof.length === 0 && oldRoot === rootOf([], hash);
  if (oldSize === newSize) return proof.length === 0 && oldRoot === newRoot;
  let node = oldSize - 1;
  let last = newSize - 1;
  while (node % 2 === 1) {
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  // A whole power of two is a node of the new tree itself, so its own root starts the climb.
  const path = node === 0 ? [oldRoot, ...proof] : [...proof];
  const first = path.shift();
  if (first === undefined) return false;
  let older = first;
  let newer = first;
  const isWhole = climb(node, last, path, (sibling, isLeft) => {
    if (isLeft) older = nodeHash(sibling, older, hash);
    newer = isLeft ? nodeHash(sibling, newer, hash) : nodeHash(newer, sibling, hash);
  });
  return isWhole && older === oldRoot && newer === newRoot;
}
