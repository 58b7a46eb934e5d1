// The bench's backend counts what was sent to it, and nothing else.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Backend } from "../../../drivers/bench/backend.js";

const test = suite("the bench's backend");

const post = async (url: string, token: string): Promise<number> => {
  const headers = { Authorization: `Token ${Buffer.from(token).toString("base64")}` };
  return (await fetch(url, { method: "POST", headers, body: '{"id":"cdr-1"}' })).status;
};

// A test went red by it: another's backend had closed, and its station tried again at the port that was ours by then.
test("a post with a token that is not its own is refused, and counted nowhere", async () => {
  const backend = await Backend.open({ token: "ours" });
  try {
    for (const mood of ["well", "slow", "3000", 500] as const) {
      await backend.become(mood);
      assert.is(await post(backend.url, "somebody else's"), 401);
    }
    assert.equal([backend.posts.length, backend.arrived, backend.cdrs.size], [0, 0, 0]);
    await backend.become("well");
    assert.is(await post(backend.url, "ours"), 201);
    assert.equal([backend.posts.length, backend.arrived, backend.cdrs.size], [1, 1, 1]);
  } finally {
    await backend.close();
  }
});

test.run();
