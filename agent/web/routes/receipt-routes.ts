// `/r/<secret>`: the session while it runs, then its receipt in every form; `/receipt`: the way to one whose link is lost.
import type { Context } from "hono";
import { z } from "zod";
import { longestComplaint, readComplaint } from "../../core/complaints/complaint.js";
import { Failure } from "../../core/failure.js";
import { deepestJson, parseBoundedJson } from "../../core/json/bounded-json.js";
import { ocmfXml } from "../../core/ocmf/ocmf-xml.js";
import { dayMs } from "../../core/time/time.js";
import { fieldsOfOcmf, paginationOf } from "../../core/verify/verify-ocmf.js";
import { printedReceipt } from "../../receipts/output/terminal-text.js";
import {
  type Linked,
  lastFourPattern,
  linkedSchema,
  linkPattern,
  type PushedConnector,
  type PushedSession,
  totalPattern,
} from "../link/frames.js";
import { clientOf } from "../server/page-guard.js";
import { type ComplaintPart, complaintPart } from "../views/complaint-view.js";
import type { Html, PageContext } from "../views/layout.js";
import { messagePageOf } from "../views/message-view.js";
import { findPageOf, receiptPageOf } from "../views/receipt-view.js";
import { sessionNews, sessionPageOf, sessionSpoken } from "../views/session-view.js";
import { contextOf, formField, inLanguage, linkIn, notYet, type RouteParts } from "./route-parts.js";

type Running = { readonly connector: PushedConnector; readonly session: PushedSession };
type LinkedReceipt = Extract<Linked, { is: "issued" }>;

/** A receipt file has five values, and one for each step of its proof. */
const mostFileValues = 1_000;
const fileSchema = z.looseObject({ jws: z.string(), publicKey: z.string() });
const takenComplaint = z.object({ number: z.int() });

/** The session that runs behind a link. */
function runningAt({ view }: PageContext, secret: string): Running | undefined {
  for (const connector of view.state.connectors)
    if (connector.session?.link === secret) return { connector, session: connector.session };
  return undefined;
}

/** Adds them to the app. */
export function addReceiptRoutes(parts: RouteParts): void {
  addSecretRoutes(parts);
  addFindRoutes(parts);
}

function addSecretRoutes({ app, link, events }: RouteParts): void {
  /** The receipt of a link, or the answer to give instead. */
  const issuedAt = async (
    request: Context,
    context: PageContext,
    secret: string,
  ): Promise<LinkedReceipt | Response> => {
    const answer = linkPattern.test(secret) ? await link.ask({ ask: "receipt", link: secret }) : undefined;
    const linked = answer?.ok === true ? linkedSchema.safeParse(answer.value) : undefined;
    if (linked?.success === true && linked.data.is === "issued") return linked.data;
    const { words, view } = context;
    const isSoon = linked?.success === true || view.state.connectors.some(({ finished }) => finished?.link === secret);
    if (isSoon) return request.html(messagePageOf(context, words.receiptSoon, 3), 202);
    if (answer?.ok === false && answer.why === "wait") return request.html(messagePageOf(context, words.tooMany), 429);
    if (answer?.ok === false && answer.why === "refused")
      return request.html(messagePageOf(context, words.failed, 10), 503);
    return request.html(messagePageOf(context, words.linkGone(Math.ceil(view.hello.page.linksMs / dayMs))), 404);
  };

  app.get("/r/:secret/events", (request) => {
    const context = contextOf(request, link);
    const secret = request.req.param("secret");
    if (context === undefined) return notYet(request);
    if (runningAt(context, secret) === undefined) return request.notFound();
    const begun = request.req.query("state");
    return events.stream(request, async () => {
      const now = contextOf(request, link);
      const running = now && runningAt(now, secret);
      if (now === undefined || running === undefined || running.connector.state !== begun) return undefined;
      const markup = String(await sessionNews(now, running.connector, running.session, link.curve(secret)));
      return { markup, spoken: sessionSpoken(now, running.session) };
    });
  });

  app.post("/r/:secret/stop", async (request) => {
    const context = contextOf(request, link);
    const secret = request.req.param("secret");
    if (context === undefined) return notYet(request);
    const running = runningAt(context, secret);
    if (running === undefined) return request.redirect(inLanguage(`/r/${secret}`, context), 303);
    const answer = await link.ask({ ask: "stop", link: secret });
    if (answer.ok) return request.redirect(inLanguage(`/r/${secret}`, context), 303);
    return request.html(
      sessionPageOf(context, running.connector, running.session, link.curve(secret), true),
      answer.why === "wait" ? 429 : 409,
    );
  });

  app.post("/r/:secret/complaint", async (request) => {
    const context = contextOf(request, link);
    const secret = request.req.param("secret");
    if (context === undefined) return notYet(request);
    const issued = await issuedAt(request, context, secret);
    if (issued instanceof Response) return issued;
    const typed = {
      reason: await formField(request, "reason", 20),
      text: await formField(request, "text", 2 * longestComplaint),
      contact: await formField(request, "contact", 2 * longestComplaint),
    };
    const words = readComplaint(typed);
    const answer =
      typeof words === "string"
        ? undefined
        : await link.ask({ ask: "complain", link: secret, contact: "", ...words, language: context.language });
    const taken = answer?.ok === true ? takenComplaint.safeParse(answer.value) : undefined;
    if (taken?.success === true)
      return request.redirect(`${inLanguage(`/r/${secret}`, context)}#complaint-${taken.data.number}`, 303);
    return request.html(receiptPage(context, issued, secret, typed), 409);
  });

  app.get("/r/:name", async (request) => {
    const context = contextOf(request, link);
    if (context === undefined) return notYet(request);
    const name = request.req.param("name");
    const secret = name.slice(0, 22);
    const ending = name.slice(22);
    const running = runningAt(context, secret);
    if (running !== undefined)
      return request.html(sessionPageOf(context, running.connector, running.session, link.curve(secret)));
    const issued = await issuedAt(request, context, secret);
    return issued instanceof Response ? issued : given(request, context, issued, secret, ending);
  });
}

/** The receipt in a receipt file of the station's. */
function receiptIn(file: string): z.infer<typeof fileSchema> {
  const read = parseBoundedJson(file, { values: mostFileValues, depth: deepestJson });
  return fileSchema.parse(read.ok ? read.value : undefined);
}

/** The page of a receipt, with its complaints; `refused` = one that was typed and not taken. */
function receiptPage(
  context: PageContext,
  { file, ocmf, later, complaints }: LinkedReceipt,
  secret: string,
  refused?: ComplaintPart["refused"],
): Html {
  const { jws } = receiptIn(file);
  const part = { link: secret, jws, complaints, ...(refused === undefined ? {} : { refused }) };
  return receiptPageOf(context, { link: secret, jws, hasRecord: ocmf !== "", later }, complaintPart(context, part));
}

/** The receipt in the form that the address ends with. */
async function given(
  request: Context,
  context: PageContext,
  issued: LinkedReceipt,
  secret: string,
  ending: string,
): Promise<Response> {
  if (ending === "") return request.html(receiptPage(context, issued, secret));
  const { number, file, ocmf, later } = issued;
  const { jws, publicKey } = receiptIn(file);
  const { language, words } = context;
  const options = { language, later };
  const saved = (name: string): Record<string, string> => ({
    "Content-Disposition": `inline; filename="receipt-${number}.${name}"`,
  });
  switch (ending) {
    case ".json":
      return request.body(file, 200, { ...saved("json"), "Content-Type": "application/json; charset=utf-8" });
    case ".txt":
      return request.text(printedReceipt(jws, 80, options, true), 200, saved("txt"));
    case ".ocmf.xml":
      if (ocmf === "") return request.html(messagePageOf(context, words.noPage), 404);
      return request.body(ocmfXml(ocmf, paginationOf(fieldsOfOcmf(ocmf)), publicKey), 200, {
        ...saved("ocmf.xml"),
        "Content-Type": "application/xml; charset=utf-8",
      });
    case ".pdf": {
      // Loaded where somebody asks for it: fonts take their time and memory.
      const { receiptPdf } = await import("../../receipts/pdf/receipt-pdf.js");
      const attached = { name: `receipt-${number}.json`, text: file };
      const pdf = withFont(context.view.hello.receiptFont, (font) => receiptPdf(jws, options, attached, font));
      return request.body(new Uint8Array(pdf), 200, { ...saved("pdf"), "Content-Type": "application/pdf" });
    }
    default:
      return request.html(messagePageOf(context, words.noPage), 404);
  }
}

/** A font that this process cannot read costs nobody a receipt: its letters are printed by their numbers. */
function withFont(path: string | undefined, make: (font?: string) => Buffer): Buffer {
  try {
    return make(path);
  } catch (error) {
    if (error instanceof Failure && error.code === "config/invalid") return make();
    throw error;
  }
}

function addFindRoutes({ app, link, clients }: RouteParts): void {
  app.get("/receipt", (request) => {
    const context = contextOf(request, link);
    return context === undefined ? notYet(request) : request.html(findPageOf(context));
  });

  app.post("/receipt", async (request) => {
    const context = contextOf(request, link);
    if (context === undefined) return notYet(request);
    const typed = {
      day: await formField(request, "day", 10),
      evse: await formField(request, "evse", 40),
      four: (await formField(request, "four", 4)).toUpperCase(),
      total: await formField(request, "total", 12),
    };
    const total = typed.total.replace(",", ".");
    const isWhole =
      z.iso.date().safeParse(typed.day).success && lastFourPattern.test(typed.four) && totalPattern.test(total);
    const { words } = context;
    if (!isWhole) return request.html(findPageOf(context, { typed, bad: words.notFound }), 404);
    const answer = await link.ask({
      ask: "find",
      client: clientOf(request, clients()).slice(0, 64),
      date: typed.day,
      evseId: typed.evse,
      lastFour: typed.four,
      total,
    });
    const found = linkIn(answer);
    if (found !== undefined) return request.redirect(inLanguage(`/r/${found}`, context), 303);
    const minutes = answer.ok ? 0 : Math.ceil((answer.waitMs ?? 0) / 60_000);
    return answer.ok || answer.why !== "wait"
      ? request.html(findPageOf(context, { typed, bad: words.notFound }), 404)
      : request.html(findPageOf(context, { typed, bad: words.waitTries(minutes) }), 429);
  });
}
