// Where the items of a graph lie: layers by the longest path to them, within a layer beside what they depend on.

export const WIDTH = 208;
export const HEIGHT = 56;
const GAP_X = 76;
const GAP_Y = 16;
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

/** A layer that is too high for the picture becomes several columns. */
function place(layers, ratio) {
  const rows = best(layers, ratio);
  const high = Math.min(rows, Math.max(1, ...layers.map((layer) => layer.length)));
  let x = 0;
  for (const layer of layers) {
    const columns = Math.ceil(layer.length / rows);
    const tall = Math.ceil(layer.length / columns);
    layer.forEach((node, index) => {
      const column = Math.floor(index / tall);
      const inColumn = Math.min(tall, layer.length - column * tall);
      node.x = x + column * (WIDTH + GAP_Y);
      node.y = ((high - inColumn) / 2 + (index % tall)) * (HEIGHT + GAP_Y);
    });
    x += columns * (WIDTH + GAP_Y) - GAP_Y + GAP_X;
  }
  return { width: Math.max(x - GAP_X, WIDTH), height: high * (HEIGHT + GAP_Y) - GAP_Y };
}

/** How many rows make the picture as wide by high as its place. */
function best(layers, ratio) {
  const most = Math.max(1, ...layers.map((layer) => layer.length));
  let found = most;
  for (let rows = 4; rows < most; rows++) {
    const columns = layers.reduce((sum, layer) => sum + Math.ceil(layer.length / rows), 0);
    if ((columns * (WIDTH + GAP_Y) + layers.length * (GAP_X - GAP_Y)) / (rows * (HEIGHT + GAP_Y)) <= ratio) {
      found = rows;
      break;
    }
  }
  return found;
}
