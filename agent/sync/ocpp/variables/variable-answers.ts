// GetVariables and SetVariables (2.x: B05 and B06): one answer per item, whatever becomes of the others.
import { z } from "zod";
import type { RequestContext } from "../requests/request-context.js";
import {
  evseSchema,
  listOf,
  readRequest,
  type StatusInfo,
  statusInfoOf,
  textSchema,
} from "../requests/request-schemas.js";
import { type Handlers, Reply } from "../rpc/rpc.js";
import { mostItems } from "./controller-variables.js";
import type { Variable } from "./variable.js";
import { variablesOf } from "./variables.js";

const named = z.object({ name: textSchema(50), instance: textSchema(50).optional() });
export const componentAsked = z.object({
  name: textSchema(50),
  instance: textSchema(50).optional(),
  evse: evseSchema.optional(),
});
export const variableAsked = named;
type ComponentAsked = z.infer<typeof componentAsked>;
type VariableAsked = z.infer<typeof variableAsked>;

const attribute = z.enum(["Actual", "Target", "MinSet", "MaxSet"]);
const item = { attributeType: attribute.optional(), component: componentAsked, variable: variableAsked };
const getAsked = z.object({ getVariableData: listOf(z.object(item)).max(mostItems) });
const setAsked = z.object({
  setVariableData: listOf(z.object({ ...item, attributeValue: textSchema(2500) })).max(mostItems),
});

/** Names of the device model do not tell upper from lower case. */
const same = (a: string | undefined, b: string | undefined): boolean => a?.toLowerCase() === b?.toLowerCase();

export const isComponent = ({ component }: Variable, asked: ComponentAsked): boolean =>
  same(component.name, asked.name) &&
  same(component.instance, asked.instance) &&
  component.evse?.id === asked.evse?.id &&
  (asked.evse?.connectorId === undefined || component.evse?.connectorId === asked.evse.connectorId);

export const isVariable = (one: Variable, asked: VariableAsked): boolean =>
  same(one.name, asked.name) && same(one.instance, asked.instance);

type Asked = {
  readonly attributeType?: z.infer<typeof attribute> | undefined;
  readonly component: ComponentAsked;
  readonly variable: VariableAsked;
};
type Found =
  | { readonly variable: Variable }
  | { readonly status: "UnknownComponent" | "UnknownVariable" | "NotSupportedAttributeType" };

function find(variables: readonly Variable[], { attributeType, component, variable }: Asked): Found {
  const there = variables.filter((one) => isComponent(one, component));
  if (there.length === 0) return { status: "UnknownComponent" };
  const found = there.find((one) => isVariable(one, variable));
  if (found === undefined) return { status: "UnknownVariable" };
  return (attributeType ?? "Actual") === "Actual" ? { variable: found } : { status: "NotSupportedAttributeType" };
}

const withInfo = ({ statusInfo }: { readonly statusInfo: StatusInfo }): object => ({ attributeStatusInfo: statusInfo });
const named2x = ({ attributeType, component, variable }: Asked): object => ({
  attributeType: attributeType ?? "Actual",
  component,
  variable,
});

export function variableAnswers(context: RequestContext): Handlers {
  return {
    GetVariables: (payload) => {
      const { getVariableData } = readRequest(getAsked, payload);
      const variables = variablesOf(context);
      const getVariableResult = getVariableData.map((asked) => {
        const found = find(variables, asked);
        if ("status" in found) return { ...named2x(asked), attributeStatus: found.status };
        if (found.variable.mutability === "WriteOnly")
          return { ...named2x(asked), attributeStatus: "Rejected", ...withInfo(statusInfoOf("WriteOnly")) };
        return { ...named2x(asked), attributeStatus: "Accepted", attributeValue: found.variable.value };
      });
      return { getVariableResult };
    },
    SetVariables: (payload) => {
      const { setVariableData } = readRequest(setAsked, payload);
      const variables = variablesOf(context);
      const afterwards: (() => void)[] = [];
      const setVariableResult = setVariableData.map(({ attributeValue, ...asked }) => {
        const found = find(variables, asked);
        if ("status" in found) return { ...named2x(asked), attributeStatus: found.status };
        const { set, mutability } = found.variable;
        const refused = mutability === "ReadOnly" || set === undefined ? "ReadOnly" : set(attributeValue);
        if (refused === undefined && found.variable.afterwards !== undefined)
          afterwards.push(found.variable.afterwards);
        return {
          ...named2x(asked),
          ...(refused === undefined
            ? { attributeStatus: "Accepted" }
            : { attributeStatus: "Rejected", ...withInfo(statusInfoOf(refused)) }),
        };
      });
      if (afterwards.length === 0) return { setVariableResult };
      return new Reply({ setVariableResult }, () => {
        for (const act of afterwards) act();
      });
    },
  };
}
