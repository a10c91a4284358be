// The work graph in somebody's hands: pointer, fingers, wheel and keys.

/** Whatever is done to the graph's stage changes the graph. */
export function listen(graph) {
  const fingers = new Map();
  let moved = 0, apart = 0;
  const distance = () => {
    const [a, b] = [...fingers.values()];
    return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
  };
  graph.stage.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, event);
    graph.stage.setPointerCapture(event.pointerId);
    if (fingers.size === 2) apart = distance();
    if (fingers.size === 1) moved = 0;
  });
  graph.stage.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) {
      const node = graph.at(event);
      graph.stage.classList.toggle("over", node !== null);
      graph.stage.title = node ? `${node.id}: ${graph.state.item(node.id)?.state ?? "waiting"}` : "";
      return;
    }
    fingers.set(event.pointerId, event);
    moved += Math.abs(event.clientX - before.clientX) + Math.abs(event.clientY - before.clientY);
    if (fingers.size === 2) {
      const now = distance();
      const box = graph.stage.getBoundingClientRect();
      const [a, b] = [...fingers.values()];
      graph.zoom(now / apart, [(a.clientX + b.clientX) / 2 - box.left, (a.clientY + b.clientY) / 2 - box.top]);
      apart = now;
    } else if (moved > 4) {
      graph.x += event.clientX - before.clientX;
      graph.y += event.clientY - before.clientY;
      graph.fitted = false;
      graph.draw();
    }
  });
  const lift = (event) => {
    fingers.delete(event.pointerId);
    if (event.type !== "pointerup" || moved > 4) return;
    const node = graph.at(event);
    if (!node) return;
    graph.focus = node.id;
    graph.draw();
    graph.open(node.id);
  };
  graph.stage.addEventListener("pointerup", lift);
  graph.stage.addEventListener("pointercancel", lift);
  graph.stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const box = graph.stage.getBoundingClientRect();
    graph.zoom(Math.exp(-event.deltaY / 500), [event.clientX - box.left, event.clientY - box.top]);
  }, { passive: false });
  graph.stage.addEventListener("keydown", (event) => press(graph, event));
  graph.stage.addEventListener("focus", () => graph.focus ?? graph.go(graph.laid?.nodes[0]));
}

function press(graph, event) {
  const node = graph.laid?.by.get(graph.focus) ?? graph.laid?.nodes[0];
  if (!node) return;
  const steps = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
  if (steps[event.key]) graph.go(towards(graph.laid, node, ...steps[event.key]));
  else if (event.key === "Enter" || event.key === " ") graph.open(node.id);
  else if (event.key === "+" || event.key === "=") graph.zoom(1.25);
  else if (event.key === "-") graph.zoom(0.8);
  else if (event.key === "0") graph.fit();
  else return;
  event.preventDefault();
}

/** The nearest item in a direction; along an edge first. */
function towards(laid, node, dx, dy) {
  const way = laid.down ? dy : dx;
  const linked = way > 0 ? node.feeds : way < 0 ? node.needs : [];
  const others = linked.length ? linked : laid.nodes;
  let best = null, least = Infinity;
  for (const other of others) {
    const [x, y] = [other.x - node.x, other.y - node.y];
    if (dx * x + dy * y <= 0) continue;
    const far = dx ? Math.abs(x) + 3 * Math.abs(y) : Math.abs(y) + 6 * Math.abs(x);
    if (far < least) [best, least] = [other, far];
  }
  return best ?? node;
}
