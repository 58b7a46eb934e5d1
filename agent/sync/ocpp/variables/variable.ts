// A variable of the device model (2.x), and tables of them.
import type { RequestContext } from "../requests/request-context.js";

type Component = {
  readonly name: string;
  readonly instance?: string;
  readonly evse?: { readonly id: number; readonly connectorId?: number };
};

export type Variable = {
  readonly component: Component;
  readonly name: string;
  readonly instance?: string;
  readonly dataType:
    | "string"
    | "decimal"
    | "integer"
    | "dateTime"
    | "boolean"
    | "OptionList"
    | "SequenceList"
    | "MemberList";
  readonly value: string;
  readonly mutability: "ReadOnly" | "WriteOnly" | "ReadWrite";
  readonly unit?: string;
  readonly least?: number;
  readonly most?: number;
  readonly valuesList?: string;
  /** Puts a value into force for good; the answer is a reason code against it. */
  readonly set?: (value: string) => string | undefined;
  /** To be done once the CSMS has the answer to a value that was taken. */
  readonly afterwards?: () => void;
};

/** What is said of a variable beside its value; without it, it is ReadOnly and of the value's own type. */
export type Attributes = Partial<Omit<Variable, "component" | "name" | "value">>;

type Value = string | number | boolean;

/** A row: the variable's name, its value now (or how to find it), and what else is said of it. */
export type VariableRow = readonly [
  name: string,
  value: Value | ((context: RequestContext) => Value),
  attributes?: Attributes | ((context: RequestContext) => Attributes),
];

function variableOf(component: Component, name: string, value: Value, attributes: Attributes = {}): Variable {
  return { component, name, value: String(value), dataType: typeOf(value), mutability: "ReadOnly", ...attributes };
}

/** The variables of a table, with the values of now. */
export function variablesIn(component: Component, rows: readonly VariableRow[], context: RequestContext): Variable[] {
  return rows.map(([name, value, attributes]) =>
    variableOf(
      component,
      name,
      typeof value === "function" ? value(context) : value,
      typeof attributes === "function" ? attributes(context) : attributes,
    ),
  );
}

function typeOf(value: Value): Variable["dataType"] {
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "string") return "string";
  return Number.isInteger(value) ? "integer" : "decimal";
}
