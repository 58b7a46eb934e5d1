// What the running agent answers at its socket, and what it refuses: no word of a person moves money twice, and none
// is lost behind a broken disk.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ControlRequest } from "../../../agent/control/control-socket.js";
import { newKey, privatePem } from "../../../agent/receipts/signing-keys.js";
import { afterOneSale, asking } from "../../support/street/asked-agent.js";
import { oneSession } from "../../support/street/scenarios.js";
import { Street, stateFolder } from "../../support/street/street.js";

const test = suite("what the running agent is asked");
const rightTariff = {
  country_code: "DE",
  party_id: "CTL",
  id: "right",
  currency: "EUR",
  last_updated: "2026-11-01T00:00:00Z",
  elements: [{ price_components: [{ type: "ENERGY", price: 0.25, step_size: 1 }] }],
};

/** Why a request is refused. */
async function refusal(answer: Promise<unknown>): Promise<string> {
  try {
    return `not refused: ${JSON.stringify(await answer)}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

test("a session is stopped by the remote word, once, and a connector without one is not", async () => {
  const street = await Street.open(oneSession);
  try {
    await asking(street, 20, async (ask) => {
      assert.match(await refusal(ask({ do: "stop", connector: 2 })), /connector 2 is not charging/);
      assert.match(await refusal(ask({ do: "stop", connector: 9 })), /connector 9/);
      assert.equal(await ask({ do: "stop", connector: 1 }), { stopping: 1 });
      assert.match(await refusal(ask({ do: "stop", connector: 1 })), /connector 1 is not charging/);
    });
    const [sold] = street.seen.event.flatMap((event) => (event.type === "receipt" ? [event] : []));
    assert.is(sold?.connector, 1);
  } finally {
    await street.close();
  }
});

test("a station that drains tells which sessions are left, sells nothing new, and sells again when it is told to", async () => {
  const street = await Street.open(oneSession);
  try {
    await asking(street, 20, async (ask, agent) => {
      assert.equal(await ask({ do: "drain" }), { open: [1] });
      assert.match(JSON.stringify(agent.snapshot()), /the station is being drained: no new sessions/);
      await ask({ do: "drain", on: false });
      assert.not.match(JSON.stringify(agent.snapshot()), /is being drained/);
    });
  } finally {
    await street.close();
  }
});

test("a sale is credited once and corrected once, for a reason that fits on the receipt", async () => {
  await afterOneSale(async (ask) => {
    const credit = (change: object): Promise<string> =>
      refusal(ask({ do: "credit", number: 2, by: "A. Operator", reason: "wrong", ...change }));
    for (const reason of ["", "  ", "two\nlines", "x".repeat(201), 7])
      assert.match(await credit({ reason }), /the reason is one line of 1 to 200 characters/);
    assert.match(await credit({ number: 99 }), /there is no receipt 99/);
    assert.match(await credit({ number: 1 }), /receipt 1 is not a sale/);
    const correct = (tariff: unknown): Promise<string> => refusal(ask({ do: "correct", number: 2, tariff }));
    assert.match(await correct({ id: "half" }), /the tariff cannot be read: /);
    assert.match(await correct(rightTariff), /receipt 2 was not credited: credit it first/);
    const credited = (await ask({ do: "credit", number: 2, by: "A. Operator", reason: "x".repeat(200) })) as {
      receipt: number;
      keyId: string;
    };
    assert.is(credited.receipt, 3);
    assert.match(credited.keyId, /^sha256:[0-9a-f]{64}$/);
    assert.match(await credit({}), /receipt 2 was credited before, by receipt 3/);
    assert.is(((await ask({ do: "correct", number: 2, tariff: rightTariff })) as { receipt: number }).receipt, 4);
    assert.match(await correct(rightTariff), /receipt 2 was corrected before, by receipt 4/);
  });
});

test("a new key signs from its own receipt on", async () => {
  await afterOneSale(async (ask) => {
    const keyOf = async (request: ControlRequest): Promise<string> => ((await ask(request)) as { keyId: string }).keyId;
    const first = await keyOf({ do: "credit", number: 2, by: "A. Operator", reason: "wrong" });
    const next = await keyOf({ do: "rotate-key" });
    assert.is.not(next, first);
    assert.is(await keyOf({ do: "correct", number: 2, tariff: rightTariff }), next);
  });
});

test("a key that is handed in from outside is not changed here", async () => {
  const before = process.env["CREDENTIALS_DIRECTORY"];
  try {
    await afterOneSale(
      async (ask) => {
        assert.match(
          await refusal(ask({ do: "rotate-key" })),
          /handed in from outside \(systemd credential\): change it there/,
        );
      },
      () => {
        process.env["CREDENTIALS_DIRECTORY"] = stateFolder;
      },
    );
  } finally {
    if (before === undefined) delete process.env["CREDENTIALS_DIRECTORY"];
    else process.env["CREDENTIALS_DIRECTORY"] = before;
  }
});

test("a payment is told once; what is said again is known, and what cannot be is refused", async () => {
  await afterOneSale(async (ask, { loaded }) => {
    const word = { do: "settle", number: 2, reference: "PSP-1", status: "settled" };
    const first = (await ask(word)) as { payment: { amount: string }; known: boolean; uplinks: { told: boolean }[] };
    assert.is(first.known, false);
    assert.equal(
      first.uplinks.map(({ told }) => told),
      loaded.config.uplinks.map(() => false),
    );
    assert.is(((await ask(word)) as { known: boolean }).known, true);
    assert.match(await refusal(ask({ ...word, number: 99 })), /there is no receipt 99/);
    assert.match(await refusal(ask({ ...word, reference: "PSP-2", amount: "0.001" })), /decimals/);
    assert.match(await refusal(ask({ ...word, number: 1 })), /receipt 1 is not a sale/);
    const [uplink] = ((await ask({ do: "sync-status" })) as { payments?: { known: number } }[]) ?? [];
    assert.is(uplink?.payments?.known, 1, "it is told beside what was sent");
  });
});

test("what was sent is told, a push is waited for, and only what is parked is sent again", async () => {
  await afterOneSale(async (ask, { loaded, backend }) => {
    const [name] = loaded.config.uplinks.map((uplink) => uplink.name);
    const [status] = (await ask({ do: "sync-status" })) as { uplink: string; waiting: number }[];
    assert.equal([status?.uplink, status?.waiting], [name, 0]);
    assert.is(((await ask({ do: "sync-now" })) as { done: boolean }).done, true);
    assert.is(((await ask({ do: "sync-wait" })) as { done: boolean }).done, true);
    const posts = backend.posts.length;
    assert.equal(await ask({ do: "sync-resend", number: 2 }), [{ uplink: name, numbers: [], payments: [] }]);
    assert.equal(await ask({ do: "sync-resend", number: "all", uplink: name }), [
      { uplink: name, numbers: [], payments: [] },
    ]);
    assert.equal(await ask({ do: "sync-resend", number: "all", uplink: "another" }), []);
    assert.is(backend.posts.length, posts);
  });
});

test("what it does not know it says, and a word about a device goes to the devices", async () => {
  await afterOneSale(async (ask) => {
    assert.match(await refusal(ask({ do: "dance" })), /this agent does not know "dance"/);
    assert.match(await refusal(ask({ do: "pins-look", connector: 9 })), /there is no connector 9; there are: 1, 2/);
    assert.is(((await ask({ do: "pins-look", connector: 1 })) as { plugged: boolean }).plugged, false);
  });
});

test("a station that cannot open refuses every word with the reason, and still tells how it stands", async () => {
  const street = await Street.open(oneSession);
  try {
    assert.is((await street.live()).how, "scenario-over");
    street.restarted();
    street.files.tamper(`${stateFolder}/station.key`, Buffer.from(privatePem(newKey())));
    street.goOn(() => [], 30_000);
    await asking(street, 5, async (ask, agent) => {
      const words: readonly ControlRequest[] = [
        { do: "stop", connector: 1 },
        { do: "credit", number: 2, by: "A. Operator", reason: "wrong" },
        { do: "correct", number: 2, tariff: rightTariff },
        { do: "rotate-key" },
        { do: "settle", number: 2, reference: "PSP-1", status: "settled" },
        { do: "sync-status" },
        { do: "sync-now" },
        { do: "sync-wait" },
        { do: "pins-look", connector: 1 },
      ];
      for (const word of words)
        assert.match(await refusal(ask(word)), /station\.key: receipt \d+ was signed with another key/, word.do);
      assert.equal(await ask({ do: "sync-resend", number: "all" }), []);
      assert.equal(await ask({ do: "drain" }), { open: [] });
      assert.match(agent.snapshot().closed ?? "", /another key/);
      assert.match(((await ask({ do: "status" })) as { closed: string }).closed, /another key/);
    });
  } finally {
    await street.close();
  }
});

for (const [what, word] of [
  ["a credit", { do: "credit", number: 2, by: "A. Operator", reason: "wrong" }],
  ["a payment", { do: "settle", number: 2, reference: "PSP-1", status: "settled" }],
] as const)
  test(`${what} that cannot be written is refused, and the agent ends with 75: contactors open, the next start goes on`, async () => {
    const ended = await afterOneSale(async (ask, street) => {
      street.disk.code = "EIO";
      assert.match(await refusal(ask(word)), /EIO|cannot be written|could not be written/);
    });
    assert.equal([ended.how, ended.code], ["exit", 75]);
  });

test.run();
