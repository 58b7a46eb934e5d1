import { suite } from "uvu";
import * as assert from "uvu/assert";
import { judgeAnswer, judgeLost } from "../../../../agent/sync/ocpi/ocpi-verdict.js";
import type { HttpAnswer } from "../../../../agent/sync/transport/http.js";
import type { Outcome } from "../../../../agent/sync/uplink.js";

const test = suite("what an answer means");
const url = new URL("https://office.example/ocpi/cdrs?secret=1");
const expected = { url, tokenFile: "/etc/token", tokenLooksEncoded: false, envelope: "ocpi" } as const;

const answer = (
  status: number,
  body: string | undefined,
  headers: HttpAnswer["headers"] = {},
  broken?: string,
): HttpAnswer => ({
  kind: "answer",
  status,
  headers,
  body,
  ...(broken === undefined ? {} : { broken }),
});
const envelope = (code: unknown, message?: string): string =>
  JSON.stringify({ status_code: code, status_message: message, timestamp: "2026-03-02T10:00:00Z" });
const brief = (outcome: Outcome): string => {
  switch (outcome.kind) {
    case "unsure":
      return outcome.fault === undefined ? "unsure" : "unsure, fault";
    case "retry":
      return outcome.fault === undefined ? `retry${outcome.countsAsAttempt ? ", attempt" : ""}` : "held, fault";
    default:
      return outcome.kind;
  }
};

const ok = envelope(1000);
const html = "<html>Welcome</html>";
const rows: readonly [status: number, body: string | undefined, meaning: string][] = [
  [200, ok, "accepted"],
  [201, ok, "accepted"],
  [200, envelope(1999), "accepted"],
  [202, ok, "accepted"],
  [200, html, "unsure, fault"],
  [200, "", "unsure, fault"],
  [201, "", "unsure, fault"],
  [204, "", "unsure, fault"],
  [200, "{}", "unsure, fault"],
  [200, "null", "unsure, fault"],
  [200, "[1000]", "unsure, fault"],
  [200, envelope("1000"), "unsure, fault"],
  [200, envelope(999), "unsure, fault"],
  [200, envelope(5000), "unsure, fault"],
  [200, envelope(1000.5), "unsure, fault"],
  [200, '{"status_code":1000', "unsure, fault"],
  [200, envelope(2000), "refused"],
  [200, envelope(2001), "refused"],
  [200, envelope(2999), "refused"],
  [200, envelope(3000), "retry, attempt"],
  [200, envelope(3003), "retry, attempt"],
  [200, envelope(4000), "retry, attempt"],
  [200, envelope(4001), "held, fault"],
  [200, envelope(4002), "retry, attempt"],
  [200, envelope(4003), "retry, attempt"],
  [400, envelope(2001), "refused"],
  [400, html, "refused"],
  [422, "", "refused"],
  [401, envelope(2001), "held, fault"],
  [403, html, "held, fault"],
  [404, "", "held, fault"],
  [405, "", "held, fault"],
  [410, "", "held, fault"],
  [409, "", "accepted"],
  [409, envelope(2000), "accepted"],
  [408, "", "retry"],
  [425, "", "retry"],
  [429, "", "retry"],
  [400, "<title>400 No required SSL certificate was sent</title>", "held, fault"],
  [500, ok, "retry, attempt"],
  [500, envelope(3000), "retry, attempt"],
  [502, html, "retry, attempt"],
  [503, "", "retry, attempt"],
  [504, html, "retry, attempt"],
  [413, "", "retry, attempt"],
  [418, "", "retry, attempt"],
  [301, "", "unsure, fault"],
  [302, html, "unsure, fault"],
  [303, "", "unsure, fault"],
];

for (const [status, body, meaning] of rows)
  test(`HTTP ${status} with ${body === "" ? "nothing" : body} is ${meaning}`, () =>
    assert.is(brief(judgeAnswer(answer(status, body), expected)), meaning));

test("a receiver that finds plain_data too long: the words say which setting it takes", () => {
  const body = JSON.stringify({ status_code: 2001, status_message: "signed_values.0.plain_data: max length is 512" });
  for (const status of [200, 400]) {
    const outcome = judgeAnswer(answer(status, body), expected);
    assert.match(outcome.kind === "refused" ? outcome.reason : "", /set signedData: empty/);
  }
});

test("an empty 201 or 204 is accepted only where the config says that no envelope comes", () => {
  const bare = { ...expected, envelope: "none" } as const;
  assert.is(brief(judgeAnswer(answer(201, ""), bare)), "accepted");
  assert.is(brief(judgeAnswer(answer(204, ""), bare)), "accepted");
  assert.is(brief(judgeAnswer(answer(200, ""), bare)), "unsure, fault");
  assert.is(brief(judgeAnswer(answer(201, html), bare)), "unsure, fault");
  assert.is(brief(judgeAnswer(answer(201, undefined, {}, "the answer was cut off"), bare)), "unsure");
  assert.is(brief(judgeAnswer(answer(200, envelope(2001)), bare)), "refused");
});

test("an answer that was cut is unsure without a fault; one that is endless is no OCPI answer", () => {
  assert.is(brief(judgeAnswer(answer(200, undefined, {}, "the answer was cut off"), expected)), "unsure");
  assert.is(
    brief(judgeAnswer(answer(200, undefined, {}, "the answer is longer than any OCPI answer"), expected)),
    "unsure, fault",
  );
  assert.is(brief(judgeAnswer(answer(500, undefined, {}, "the answer was cut off"), expected)), "retry, attempt");
});

test("Retry-After is obeyed, in seconds or as a date beside the answer's own", () => {
  const after = (headers: HttpAnswer["headers"]): unknown => {
    const outcome = judgeAnswer(answer(503, "", headers), expected);
    return outcome.kind === "retry" ? outcome.afterMs : "no retry";
  };
  assert.is(after({ "retry-after": "120" }), 120_000);
  assert.is(after({ "retry-after": "Mon, 02 Mar 2026 10:05:00 GMT", date: "Mon, 02 Mar 2026 10:00:00 GMT" }), 300_000);
  assert.is(after({ "retry-after": "Mon, 02 Mar 2026 10:05:00 GMT" }), undefined);
  assert.is(after({ "retry-after": "soon" }), undefined);
  assert.is(
    brief(judgeAnswer(answer(503, "", { "retry-after": "120" }), expected)),
    "retry",
    "a server that names a time does not fail on the receipt",
  );
});

test("the words of an error page are quoted, short and plain", () => {
  const reason = (body: string): string => {
    const outcome = judgeAnswer(answer(400, body), expected);
    return outcome.kind === "refused" ? outcome.reason : "";
  };
  assert.match(
    reason(
      `<html><style>a{}</style><title>Bad Request</title><p>charging_periods\u001b[2J\n missing</p>${"x".repeat(9_000)}`,
    ),
    /^HTTP 400 "Bad Request charging_periods \[2J missing x+"$/,
  );
  assert.ok(reason("y".repeat(9_000)).length < 100);
  assert.is(reason(""), "HTTP 400");
});

test("a wrong token is said in words that can be acted on", () => {
  const words = (status: number, tokenLooksEncoded: boolean): string => {
    const outcome = judgeAnswer(answer(status, envelope(2001, "go\naway\u001b[31m")), {
      ...expected,
      tokenLooksEncoded,
    });
    return outcome.kind === "retry" ? (outcome.words ?? "") : "";
  };
  assert.is(
    words(401, false),
    'the backend does not accept the token in /etc/token (HTTP 401, OCPI 2001 "go away\ufffd[31m")',
  );
  assert.match(words(401, true), /looks base64-encoded already, but the file must hold the plain token/);
  assert.is(
    words(404, false),
    'the address https://office.example/ocpi/cdrs takes no CDRs (HTTP 404, OCPI 2001 "go away\ufffd[31m"): check the uplink\'s url',
  );
  const wrong = judgeAnswer(answer(200, envelope(3000)), expected);
  assert.match(wrong.kind === "retry" ? (wrong.words ?? "") : "", /wrong token: check \/etc\/token/);
});

test("a line that never stood is no attempt; a request that may have been read is in doubt", () => {
  const lost = (code: string, sent: boolean): Outcome => judgeLost({ kind: "lost", code, sent, reused: false }, url);
  assert.is(brief(lost("ECONNREFUSED", false)), "retry");
  assert.is(brief(lost("ETIMEDOUT", false)), "retry");
  assert.is(brief(lost("ECONNRESET", true)), "unsure");
  assert.is(brief(lost("ETIMEDOUT", true)), "unsure");
  assert.is(brief(lost("CERT_HAS_EXPIRED", false)), "held, fault");
  assert.is(brief(lost("ERR_TLS_CERT_ALTNAME_INVALID", false)), "held, fault");
  assert.is(brief(lost("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", false)), "held, fault");
  const away = lost("ECONNREFUSED", false);
  assert.is(away.kind === "retry" ? away.words : "", "https://office.example/ocpi/cdrs: nothing listens there");
});

test.run();
