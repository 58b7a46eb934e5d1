// Spoilt state folders by the thousand, and one table cut at each of its bytes.
import { openScenes, spoilOften, startOn } from "../support/street/damaged.js";

const tellEvery = 500;

/** Throws with the first start that ends, or that sells with wrong books. */
export async function soakDamage(wanted: number, seed: number, say: (line: string) => void): Promise<void> {
  const scenes = await openScenes();
  let cuts = 0;
  try {
    for (const scene of scenes) {
      const { files } = scene.street;
      const smallest =
        files
          .allFiles()
          .filter((path) => path.endsWith(".json"))
          .sort((a, b) => files.peek(a).length - files.peek(b).length)[0] ?? "";
      const bytes = files.peek(smallest);
      for (let length = 0; length < bytes.length; length += 1, cuts += 1)
        await startOn(scene, { path: smallest, what: `cut at ${length}`, bytes: bytes.subarray(0, length) });
      say(`${smallest} cut at every one of its ${bytes.length} bytes`);
    }
  } finally {
    for (const { street } of scenes) await street.close();
  }
  const { sells, refuses } = await spoilOften(wanted, seed, (done) =>
    done % tellEvery === 0 ? say(`${done} spoilt state folders`) : undefined,
  );
  say(
    `${sells + refuses} spoilt state folders and ${cuts} cuts of a table: ${sells} sold on with right books, ${refuses} sold nothing and said why, none ended`,
  );
}
