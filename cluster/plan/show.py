"""A plan for people: layers and critical path as text, the graph as a Mermaid diagram."""

from actors.work import Item, Role
from cluster.plan import Plan


def show_text(plan: Plan) -> str:
    """Layers (items that can run at the same time) and the critical path (the longest chain)."""
    layers, path = plan.graph.layers(), plan.graph.critical_path()
    edges = sum(plan.graph.dependency_counts.values())
    lines = [f"{plan.name}: {_many(len(plan.graph.items), 'item')} in {_many(len(layers), 'layer')}"]
    lines[0] += f", {_many(edges, 'dependency', 'dependencies')}, model {plan.model or 'as the fleet chooses'}"
    told = {item.id: item.id + _agent(item) for item in plan.graph.items}
    lines += [f"layer {n} ({len(layer)}): {', '.join(told[id_] for id_ in layer)}" for n, layer in enumerate(layers, 1)]
    lines.append(f"critical path ({_many(len(path), 'item')}): {' -> '.join(path)}")
    return "\n".join(lines)


def show_mermaid(plan: Plan) -> str:
    """A flow chart; an arrow leads from a dependency to the item that waits for it."""
    numbers = {item.id: f"n{number}" for number, item in enumerate(plan.graph.items)}
    lines = ["flowchart TD"]
    lines += [f'  {numbers[item.id]}["{_label(item.id + _agent(item))}"]' for item in plan.graph.items]
    for item in plan.graph.items:
        lines += [f"  {numbers[name]} --> {numbers[item.id]}" for name in item.dependencies]
    return "\n".join(lines)


def _agent(item: Item) -> str:
    """Who does it, if that is not the usual one."""
    return "" if item.agent is Role.EXECUTOR else f" ({item.agent})"


def _label(text: str) -> str:
    return "".join(c if c.isalnum() or c in " -_.," else f"#{ord(c)};" for c in text)


def _many(count: int, one: str, several: str = "") -> str:
    return f"{count} {one if count == 1 else several or one + 's'}"
