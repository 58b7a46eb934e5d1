// The device model told in parts of bounded size (2.x: B07 GetBaseReport, B08 GetReport, NotifyReport).
import { z } from "zod";
import type { RequestContext } from "../requests/request-context.js";
import { listOf, readRequest, statusInfoOf, wholeNumberSchema } from "../requests/request-schemas.js";
import { callFailure, type Handlers, Reply } from "../rpc/rpc.js";
import { mostItems } from "./controller-variables.js";
import type { Variable } from "./variable.js";
import { componentAsked, isComponent, isVariable, variableAsked } from "./variable-answers.js";
import { variablesOf } from "./variables.js";

/** Variables in one NotifyReport. */
export const variablesPerPart = 50;

const baseAsked = z.object({
  requestId: wholeNumberSchema,
  reportBase: z.enum(["ConfigurationInventory", "FullInventory", "SummaryInventory"]),
});
const criteria = z.enum(["Active", "Available", "Enabled", "Problem"]);
const reportAsked = z.object({
  requestId: wholeNumberSchema,
  componentVariable: listOf(z.object({ component: componentAsked, variable: variableAsked.optional() }))
    .max(mostItems)
    .optional(),
  componentCriteria: listOf(criteria).max(4).optional(),
});
type Criterion = z.infer<typeof criteria>;
type Wanted = z.infer<typeof reportAsked>["componentVariable"];

const summary = ["AvailabilityState", "Available", "Problem"];

export function reports(context: RequestContext): Handlers {
  const answer = (requestId: number, variables: readonly Variable[]): unknown =>
    variables.length === 0
      ? { status: "EmptyResultSet", ...statusInfoOf("NotFound") }
      : new Reply({ status: "Accepted" }, () => void tell(context, requestId, variables));
  return {
    GetBaseReport: (payload) => {
      const { requestId, reportBase } = readRequest(baseAsked, payload);
      return answer(requestId, variablesOf(context).filter(inBase[reportBase]));
    },
    GetReport: (payload) => {
      const { requestId, componentVariable, componentCriteria } = readRequest(reportAsked, payload);
      const all = variablesOf(context);
      return answer(
        requestId,
        all.filter(
          (one) =>
            isWanted(one, componentVariable) &&
            (componentCriteria === undefined || componentCriteria.some((criterion) => meets(all, one, criterion))),
        ),
      );
    },
  };
}

const inBase: Readonly<Record<z.infer<typeof baseAsked>["reportBase"], (variable: Variable) => boolean>> = {
  ConfigurationInventory: ({ mutability }) => mutability !== "ReadOnly",
  FullInventory: () => true,
  SummaryInventory: ({ name }) => summary.includes(name),
};

function isWanted(one: Variable, wanted: Wanted): boolean {
  if (wanted === undefined) return true;
  // A component that is asked for without an EVSE is meant at every EVSE (B08.FR.20 to 24).
  return wanted.some(
    ({ component, variable }) =>
      isComponent(component.evse === undefined ? withoutEvse(one) : one, component) &&
      (variable === undefined || isVariable(one, variable)),
  );
}

function withoutEvse(one: Variable): Variable {
  const { evse: _, ...component } = one.component;
  return { ...one, component };
}

/** A component that has no word on it counts as active, available and enabled, and as without a problem (B08). */
function meets(all: readonly Variable[], { component }: Variable, criterion: Criterion): boolean {
  const { evse, ...rest } = component;
  const word = all.find(
    (one) => one.name === criterion && one.instance === undefined && isComponent(one, { ...rest, evse }),
  );
  return word === undefined ? criterion !== "Problem" : word.value === "true";
}

/** In parts, one after the other; a part that is not taken ends the report. */
async function tell(
  { link, note, now }: RequestContext,
  requestId: number,
  variables: readonly Variable[],
): Promise<void> {
  const generatedAt = new Date(now()).toISOString();
  for (let seqNo = 0; seqNo * variablesPerPart < variables.length; seqNo += 1) {
    const part = variables.slice(seqNo * variablesPerPart, (seqNo + 1) * variablesPerPart);
    try {
      await link.call("NotifyReport", {
        requestId,
        generatedAt,
        seqNo,
        tbc: (seqNo + 1) * variablesPerPart < variables.length,
        reportData: part.map(reportData),
      });
    } catch (error) {
      return note(`report ${requestId}: part ${seqNo} was not taken: ${String(callFailure(error))}`);
    }
  }
}

function reportData({
  component,
  name,
  instance,
  value,
  mutability,
  dataType,
  unit,
  least,
  most,
  valuesList,
}: Variable): object {
  return {
    component,
    variable: { name, ...(instance === undefined ? {} : { instance }) },
    variableAttribute: [
      {
        type: "Actual",
        ...(mutability === "WriteOnly" ? {} : { value }),
        mutability,
        persistent: mutability === "ReadWrite",
        constant: false,
      },
    ],
    variableCharacteristics: {
      dataType,
      supportsMonitoring: false,
      ...(unit === undefined ? {} : { unit }),
      ...(least === undefined ? {} : { minLimit: least }),
      ...(most === undefined ? {} : { maxLimit: most }),
      ...(valuesList === undefined ? {} : { valuesList }),
    },
  };
}
