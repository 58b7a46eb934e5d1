import http from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Failure } from "../../../../agent/core/failure.js";
import type { Outcome } from "../../../../agent/sync/uplink.js";
import { Backend, type BackendMood } from "../../../../drivers/bench/backend.js";
import { item, TokenFile, token, unstopped, uplinkTo } from "../../../support/sync/uplink-bench.js";
import { HandClock } from "../../../support/time/hand-clock.js";

const test = suite("the OCPI uplink");
const tokenFile = new TokenFile();
test.after(() => tokenFile.remove());
test.before.each(() => tokenFile.write(`${token}\n`));

const words = (outcome: Outcome): string =>
  "words" in outcome && outcome.words !== undefined ? outcome.words : outcome.kind === "refused" ? outcome.reason : "";

async function withBackend(
  work: (backend: Backend) => Promise<void>,
  options: Parameters<typeof Backend.open>[0] = { token },
): Promise<void> {
  const backend = await Backend.open(options);
  try {
    await work(backend);
  } finally {
    await backend.close();
  }
}

/** A server for answers that no backend of ours gives. */
async function withServer(handler: http.RequestListener, work: (url: string) => Promise<void>): Promise<void> {
  const server = http.createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}/cdrs`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

async function send(url: string, more: Parameters<typeof uplinkTo>[2] = {}, path = tokenFile.path): Promise<Outcome> {
  const uplink = uplinkTo(url, path, more);
  const outcome = await uplink.send(item, unstopped());
  uplink.close();
  return outcome;
}

test("a CDR is posted with every header that OCPI and we want, and the body as it was made", () =>
  withBackend(async (backend) => {
    assert.is((await send(backend.url)).kind, "accepted");
    const [post] = backend.posts;
    assert.is(post?.body, item.body);
    const { "x-request-id": requestId, host: _host, connection: _connection, ...headers } = post?.headers ?? {};
    assert.match(String(requestId), /^[0-9a-f-]{36}$/);
    assert.equal(headers, {
      authorization: `Token ${Buffer.from(token).toString("base64")}`,
      accept: "application/json",
      "accept-encoding": "gzip",
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(item.body)),
      "user-agent": "chargetill",
      "x-correlation-id": "cdr-2",
      "idempotency-key": "cdr-2",
      "ocpi-from-country-code": "DE",
      "ocpi-from-party-id": "ABC",
      "ocpi-to-country-code": "NL",
      "ocpi-to-party-id": "MSP",
    });
  }));

test("a receiver that is older than the encoded token gets it plain", () =>
  withBackend(async (backend) => {
    await send(backend.url, { tokenHeader: "plain" });
    assert.is(backend.posts[0]?.headers.authorization, `Token ${token}`);
  }, {}));

test("each copy is a request of its own, and all copies share body, key and correlation", () =>
  withBackend(async (backend) => {
    const uplink = uplinkTo(backend.url, tokenFile.path);
    for (let copy = 0; copy < 3; copy += 1) await uplink.send(item, unstopped());
    uplink.close();
    assert.is(new Set(backend.posts.map((post) => post.headers["x-request-id"])).size, 3);
    assert.is(
      new Set(backend.posts.map((post) => `${post.body} ${post.key} ${post.headers["x-correlation-id"]}`)).size,
      1,
    );
    assert.is(backend.cdrs.size, 1);
  }));

const moods: readonly [BackendMood, Outcome["kind"], fault: boolean, RegExp][] = [
  ["away", "retry", false, /nothing listens there/],
  ["cut", "unsure", false, /connection was cut/],
  ["cut-request", "unsure", false, /sent, but no answer was seen/],
  ["lost-answer", "unsure", false, /sent, but no answer was seen/],
  ["cut-answer", "unsure", false, /HTTP 201, but the answer was cut off/],
  ["html", "unsure", true, /login page/],
  ["3000", "retry", false, /OCPI 3000/],
  [401, "retry", true, /does not accept the token in/],
  [404, "retry", true, /takes no CDRs/],
  [409, "accepted", false, /^$/],
  [422, "refused", false, /HTTP 422/],
  [500, "retry", false, /HTTP 500, OCPI 3000/],
];
for (const [mood, kind, fault, said] of moods)
  test(`a backend that is "${mood}" makes a send ${kind}`, () =>
    withBackend(async (backend) => {
      await backend.become(mood);
      const outcome = await send(backend.url);
      assert.is(outcome.kind, kind);
      assert.is("fault" in outcome, fault);
      assert.match(words(outcome), said);
      assert.not.match(words(outcome), new RegExp(token));
    }));

test("the token is read at each use, so a mended file heals without a restart", () =>
  withBackend(async (backend) => {
    const uplink = uplinkTo(backend.url, tokenFile.path);
    tokenFile.write("old-token\n");
    assert.match(words(await uplink.send(item, unstopped())), /does not accept the token/);
    tokenFile.write(token);
    assert.is((await uplink.send(item, unstopped())).kind, "accepted");
    uplink.close();
  }));

test("a token that was encoded before it was stored is recognised", () =>
  withBackend(async (backend) => {
    tokenFile.write(Buffer.from(token).toString("base64"));
    const outcome = await send(backend.url);
    assert.match(words(outcome), /looks base64-encoded already/);
    assert.not.match(words(outcome), new RegExp(Buffer.from(token).toString("base64")));
  }));

test("a token file that is missing or holds something else is named, and nothing is sent", () =>
  withBackend(async (backend) => {
    const missing = await send(backend.url, {}, "/nonexistent/token");
    assert.match(words(missing), /tokenFile \/nonexistent\/token cannot be read \(ENOENT\)/);
    assert.ok("fault" in missing);
    for (const text of ["", "two words", "line\nline", "Bearer\u0000x", "ü"]) {
      tokenFile.write(text);
      assert.match(words(await send(backend.url)), /must hold one credentials token/);
    }
    assert.is(backend.posts.length, 0);
  }));

test("gzip answers are read", () =>
  withBackend(async (backend) => assert.is((await send(backend.url)).kind, "accepted"), { token, gzip: true }));

for (const [what, encoding, body] of [
  ["its name in capitals", "GZIP", gzipSync('{"status_code":1000}')],
  ["its old name", "x-gzip", gzipSync('{"status_code":1000}')],
  ["a byte order mark inside", "gzip", gzipSync('\uFEFF{"status_code":1000}')],
  ["a byte order mark, unpacked", "identity", Buffer.from('\uFEFF{"status_code":1000}')],
] as const)
  test(`a gzip answer with ${what} is read`, () =>
    withServer(
      (_request, response) => void response.writeHead(200, { "Content-Encoding": encoding }).end(body),
      async (url) => assert.is((await send(url)).kind, "accepted"),
    ));

test("an empty answer is empty, whatever it says it is packed in", () =>
  withServer(
    (_request, response) => void response.writeHead(201, { "Content-Encoding": "gzip" }).end(),
    async (url) => assert.is((await send(url, { envelope: "none" })).kind, "accepted"),
  ));

test("an answer that swells beyond bounds is not believed", () =>
  withServer(
    (_request, response) =>
      void response
        .writeHead(200, { "Content-Encoding": "gzip" })
        .end(gzipSync(`{"status_code":1000,"x":"${"x".repeat(10_000_000)}"}`)),
    async (url) => {
      const outcome = await send(url);
      assert.is(outcome.kind, "unsure");
      assert.match(words(outcome), /damaged or too long/);
    },
  ));

test("an endless answer is cut short", () =>
  withServer(
    (_request, response) => {
      response.writeHead(200);
      // A write to a connection that is gone is told at once, by an error alone (Node 24): who writes on spins.
      const more = (gone?: Error | null): void => {
        if (!gone && !response.destroyed) response.write("x".repeat(16_384), more);
      };
      more();
    },
    async (url) => assert.match(words(await send(url)), /longer than any OCPI answer/),
  ));

test("an answer that drips is given up in time, and is unsure", () => {
  const clock = new HandClock();
  return withServer(
    (_request, response) => void response.writeHead(200).write("{", () => setImmediate(() => clock.advance(400))),
    async (url) => {
      const uplink = uplinkTo(url, tokenFile.path, { timeout: 400 }, clock);
      assert.is((await uplink.send(item, unstopped())).kind, "unsure");
      uplink.close();
    },
  );
});

test("a backend that is slow is given up in time, and is unsure", () =>
  withBackend(async (backend) => {
    await backend.become("slow");
    const clock = new HandClock();
    const uplink = uplinkTo(backend.url, tokenFile.path, { timeout: 400 }, clock);
    const sent = uplink.send(item, unstopped());
    await backend.received(1);
    clock.advance(400);
    const outcome = await sent;
    uplink.close();
    assert.is(outcome.kind, "unsure");
    assert.match(words(outcome), /no answer in time; sent/);
  }));

test("a stop ends what is in flight at once", () =>
  withBackend(async (backend) => {
    await backend.become("slow");
    const stop = new AbortController();
    const uplink = uplinkTo(backend.url, tokenFile.path);
    const sent = uplink.send(item, stop.signal);
    await backend.received(1);
    stop.abort();
    assert.is((await sent).kind, "unsure");
    assert.is((await uplink.send(item, stop.signal)).kind, "retry");
    uplink.close();
  }));

test("an idle connection that the server closed meanwhile costs nothing but a new one", () => {
  let requests = 0;
  return withServer(
    (request, response) => {
      requests += 1;
      if (requests === 2) return void request.socket.destroy();
      request.resume();
      response.writeHead(201).end('{"status_code":1000}');
    },
    async (url) => {
      const uplink = uplinkTo(url, tokenFile.path);
      assert.is((await uplink.send(item, unstopped())).kind, "accepted");
      assert.is((await uplink.send(item, unstopped())).kind, "accepted");
      uplink.close();
      assert.is(requests, 3);
    },
  );
});

test("307 and 308 are followed with the body, to the same origin only", () =>
  withBackend(async (backend) => {
    await withBackend(async (other) => {
      await backend.become("redirect");
      backend.redirectTo = other.url;
      const outcome = await send(backend.url);
      assert.is(outcome.kind, "retry");
      assert.match(words(outcome), /not followed since the token would leak/);
      assert.is(other.posts.length, 0);
    });
    backend.redirectTo = "/ocpi/emsp/cdrs";
    assert.match(words(await send(backend.url)), /redirects without end/);
    assert.is(backend.posts.length, 1 + 4);
  }));

test("a redirect within the origin arrives with body and headers", () => {
  const seen: string[] = [];
  return withServer(
    (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        seen.push(
          `${request.method} ${request.url} ${request.headers["idempotency-key"]} ${Buffer.concat(chunks).toString()}`,
        );
        if (request.url === "/cdrs") response.writeHead(308, { Location: "/new/cdrs" }).end();
        else response.writeHead(201).end('{"status_code":1000}');
      });
    },
    async (url) => {
      assert.is((await send(url)).kind, "accepted");
      assert.equal(seen, [`POST /cdrs cdr-2 ${item.body}`, `POST /new/cdrs cdr-2 ${item.body}`]);
    },
  );
});

test("plain http is for this machine only", () => {
  assert.throws(
    () => uplinkTo("http://office.example/cdrs", tokenFile.path),
    (error: unknown) => error instanceof Failure && /must not travel in the open/.test(error.message),
  );
  assert.throws(
    () => uplinkTo("ftp://127.0.0.1/cdrs", tokenFile.path),
    (error: unknown) => error instanceof Failure,
  );
});

test("bytes that are no HTTP at all are unsure", () =>
  withServer(
    (request) => void request.socket.end("SSH-2.0-OpenSSH\r\n"),
    async (url) => assert.is((await send(url)).kind, "unsure"),
  ));

test.run();
