// Where the items of a graph lie: layers by the longest path to them, within a layer beside what they depend on.

export const WIDTH = 208;
export const HEIGHT = 56;
const GAP_LAYERS = 76;
const GAP = 16;
const LOOSE = 40;
const SWEEPS = 4;

/** From [{id, dependencies}] to {nodes: [{id, x, y, layer, needs, feeds}], width, height}. `ratio`: wide by high. */
export function layout(plan, ratio) {
  const nodes = plan.map((item) => ({ id: item.id, layer: 0, needs: [], feeds: [], x: 0, y: 0, order: 0 }));
  const by = new Map(nodes.map((node) => [node.id, node]));
  plan.forEach((item, index) => {
    for (const id of item.dependencies) {
      const other = by.get(id);
      if (!other) continue;
      nodes[index].needs.push(other);
      other.feeds.push(nodes[index]);
    }
  });
  const layers = layered(nodes);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const layer of layers) settle(layer, (node) => node.needs);
    for (const layer of [...layers].reverse()) settle(layer, (node) => node.feeds);
  }
  return { nodes, by, ...place(layers, ratio) };
}

/** Longest paths, in the order of a topological walk. */
function layered(nodes) {
  const left = new Map(nodes.map((node) => [node, node.needs.length]));
  const queue = nodes.filter((node) => !node.needs.length);
  const layers = [];
  for (let at = 0; at < queue.length; at++) {
    const node = queue[at];
    (layers[node.layer] ??= []).push(node);
    for (const next of node.feeds) {
      next.layer = Math.max(next.layer, node.layer + 1);
      left.set(next, left.get(next) - 1);
      if (!left.get(next)) queue.push(next);
    }
  }
  layers.forEach((layer) => layer.forEach((node, order) => (node.order = order / layer.length)));
  return layers;
}

/** Every node to the middle of its neighbours. */
function settle(layer, neighbours) {
  for (const node of layer) {
    const others = neighbours(node);
    if (others.length) node.order = others.reduce((sum, other) => sum + other.order, 0) / others.length;
  }
  layer.sort((a, b) => a.order - b.order);
  layer.forEach((node, order) => (node.order = (order + 0.5) / layer.length));
}

/**
 * Layers go from left to right, or downwards where the place is narrow. A layer that is too long for the picture lies in
 * several lines. What room is left goes between the items.
 */
function place(layers, ratio) {
  const down = ratio < 0.9;
  const size = down ? [HEIGHT, WIDTH] : [WIDTH, HEIGHT]; // along the layers' way, and across
  const { most, along } = best(layers, down ? 1 / ratio : ratio, size);
  const long = Math.min(most, Math.max(1, ...layers.map((layer) => layer.length)));
  const gap = Math.min(LOOSE, Math.max(GAP, long > 1 ? (along / (down ? 1 / ratio : ratio) - long * size[1]) / (long - 1) : GAP));
  const next = down ? GAP_LAYERS * 0.6 : GAP_LAYERS;
  let at = 0;
  for (const layer of layers) {
    const lines = Math.ceil(layer.length / most);
    const each = Math.ceil(layer.length / lines);
    layer.forEach((node, index) => {
      const line = Math.floor(index / each);
      const inLine = Math.min(each, layer.length - line * each);
      const [a, b] = [at + line * (size[0] + GAP), ((long - inLine) / 2 + (index % each)) * (size[1] + gap)];
      [node.x, node.y] = down ? [b, a] : [a, b];
    });
    at += lines * (size[0] + GAP) - GAP + next;
  }
  const [far, wide] = [Math.max(at - next, size[0]), long * (size[1] + gap) - gap];
  return { down, width: down ? wide : far, height: down ? far : wide };
}

/** How many items a line has at most, so that the picture is as large as it can be in its place. */
function best(layers, ratio, size) {
  const longest = Math.max(1, ...layers.map((layer) => layer.length));
  let found = null;
  for (let most = 1; most <= longest; most++) {
    const lines = layers.reduce((sum, layer) => sum + Math.ceil(layer.length / most), 0);
    const along = lines * (size[0] + GAP) + layers.length * (GAP_LAYERS - GAP);
    const across = Math.min(most, longest) * (size[1] + GAP);
    const scale = Math.min(ratio / along, 1 / across);
    if (!found || scale > found.scale * 1.001) found = { scale, most, along };
  }
  return found;
}
