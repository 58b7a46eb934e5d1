// Cycles in a graph of files or folders, by Tarjan's search for strongly connected parts.

export type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** Every group of nodes that reach each other, sorted; an empty list is a graph without cycles. */
export function cyclesIn(graph: Graph): string[][] {
  const order = new Map<string, number>();
  const open: string[] = [];
  const found: string[][] = [];
  const visit = (node: string): number => {
    const place = order.size;
    order.set(node, place);
    open.push(node);
    let low = place;
    for (const next of graph.get(node) ?? [])
      if (!order.has(next)) low = Math.min(low, visit(next));
      else if (open.includes(next)) low = Math.min(low, order.get(next) ?? low);
    if (low === place) {
      const group = open.splice(open.indexOf(node));
      if (group.length > 1) found.push(group.sort());
    }
    return low;
  };
  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return found.sort();
}

/** The same arrows between the places of the nodes; an arrow within one place is none. */
export function between(graph: Graph, placeOf: (node: string) => string): Graph {
  const places = new Map<string, Set<string>>();
  for (const [node, nexts] of graph) {
    const place = placeOf(node);
    const others = places.get(place) ?? new Set();
    for (const next of nexts) if (placeOf(next) !== place) others.add(placeOf(next));
    places.set(place, others);
  }
  return places;
}
