// Kernels of one operation, above one another: tower.py, and what layout.py does with it.

const OUTSIDE = "";  // instead of a node: whatever is in another tower
const endsOf = (source, target) => `${source ? source.key : OUTSIDE}\n${target ? target.key : OUTSIDE}`;

function levelsOf(nodes, wires, root) {
  const before = new Map(), found = new Map();
  for (const { source, target, kind } of wires) {
    if (kind !== "cotangent" || !source.mirror || source.mirror !== target.mirror || source.lane !== target.lane) continue;
    if (source.kind !== "adjoint" || target.kind !== "adjoint") continue;
    if (before.has(target)) before.get(target).push(source); else before.set(target, [source]);
  }
  if (!before.size) return found;
  for (const node of nodes) {
    found.set(node, most(before.get(node) ?? [], source => found.get(source) + 1, 0));
    root.get(node).height = Math.max(root.get(node).height, found.get(node) + 1);
  }
  return found;
}
function rowsOf(nodes, root, level) {
  return new Map(nodes.map(node => {
    const cell = root.get(node), own = level.get(node) ?? 0, down = node.lane % 2 === 0 && node.kind !== "forward";
    return [node, cell.row + (down ? own : cell.height - 1 - own)];
  }));
}
function towerWires(wires, root, strand, rows, level) {
  const found = new Map();
  const add = (node, source, target) => {
    const key = `${root.get(node).node.key} ${node.lane}`;
    if (found.has(key)) found.get(key).push([source, target]); else found.set(key, [[source, target]]);
  };
  for (const { source, target } of level.size ? wires : []) {
    const ahead = (rows.get(target) - rows.get(source)) * sideOf(source.lane);
    if (strand.get(source) !== strand.get(target) || ahead <= 0) continue;
    if (root.get(source) === root.get(target)) add(source, source, target);
    else {
      add(source, source, null);
      add(target, null, target);
    }
  }
  return found;
}
function tower(cell, members, anchor, level, wires, offsets, ways) {
  const items = new Map(members.map(node => [node, itemOf(level.get(node), node.width / 2, node.width / 2, 1)]));
  const top = most(members, node => level.get(node), 0), own = new Map();
  for (const [source, target] of wires) {
    if (own.has(endsOf(source, target))) continue;
    const way = [], last = target ? level.get(target) - 1 : top;
    for (let row = source ? level.get(source) + 1 : 0; row <= last; row++) way.push(itemOf(row, 4, 4, 4));
    own.set(endsOf(source, target), way);
    const chain = [...(source ? [items.get(source)] : []), ...way, ...(target ? [items.get(target)] : [])];
    for (let n = 0; n + 1 < chain.length; n++) join(chain[n], chain[n + 1]);
  }
  const every = [...items.values(), ...[...own.values()].flat()];
  arrange(every);
  const zero = items.get(anchor).place;
  for (const item of every) item.place -= zero;
  for (const [node, item] of items) offsets.set(node, item.place);
  for (const [ends, way] of own) ways.set(ends, straight(way));
  cell.left = Math.max(cell.left, most(every, item => item.left - item.place, -Infinity));
  cell.right = Math.max(cell.right, most(every, item => item.place + item.right, -Infinity));
}
function withTowers(source, target, distance, root, ways, between) {
  if (!ways.size) return between;
  const inTower = (node, ends) => {
    const cell = root.get(node), low = cell.row + cell.height - 1, pieces = ways.get(ends) ?? [];
    if (node.lane % 2 === 0) return pieces.map(([x, a, b]) => [cell.x + x, cell.row + a, cell.row + b]);
    return [...pieces].reverse().map(([x, a, b]) => [cell.x + x, low - b, low - a]);
  };
  if (root.get(source) === root.get(target)) return inTower(source, endsOf(source, target));
  const leaving = inTower(source, endsOf(source, null)), arriving = inTower(target, endsOf(null, target));
  return distance > 0 ? [...leaving, ...between, ...arriving] : [...arriving, ...between, ...leaving];
}
