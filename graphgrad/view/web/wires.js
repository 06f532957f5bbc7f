// Where everything stands and where the edges run: the second half of layout.py, and wires.py.

const ORDER = ["gradient", "forward", "adjoint", "sum"];
const sideOf = lane => (lane % 2 === 0 ? 1 : -1);
// A part of a lane: its nodes are or mirror forward nodes of one lane. Parts stand side by side.
const strandOf = node => `${node.lane} ${rootOf(node).lane}`;

function mirrorLayout(picture) {
  const { nodes, edges: wires } = picture, { wholes, leaf } = nested(picture);
  const root = new Map(nodes.map(node => [node, leaf.get(rootOf(node))]));
  const strand = new Map(nodes.map(node => [node, strandOf(node)])), level = levelsOf(nodes, wires, root);
  setRows(wires, wholes, leaf, root);
  const rows = rowsOf(nodes, root, level), { offsets, ways } = fillCells(nodes, root, level, towerWires(wires, root, strand, rows, level));
  const degree = new Map(nodes.map(node => [node, 0]));
  for (const { source, target } of wires) { degree.set(source, degree.get(source) + 1); degree.set(target, degree.get(target) + 1); }
  for (const whole of wholes.values()) {
    const order = inside(whole);
    for (const scope of [...order].reverse()) if (scope.children.length) place(scope, degree);
    for (const child of order.slice(1)) child.x = child.parent.x + child.place;
  }
  const around = regionsOf(nodes, root, wholes), { base, lanes, column } = lanesOf(nodes, root, strand, offsets, around, wholes);
  const y = heights(wholes), boxes = new Map();
  for (const node of nodes) {
    const x = base.get(strand.get(node)) + sideOf(node.lane) * (root.get(node).x + offsets.get(node)), row = rows.get(node);
    boxes.set(node, { x, y: y[row], width: node.width, height: node.kind === "sum" ? ROUND : HEIGHT, lane: column.get(node.lane), row });
  }
  const regions = around.map(([scope, lane, home]) => {
    const ends = [-scope.left, scope.right].map(reach => base.get(`${lane} ${home}`) + sideOf(lane) * (scope.x + reach)).sort((a, b) => a - b);
    const top = y[scope.row] - HEIGHT / 2 - ROOM - HEAD * scope.tops;
    const low = y[scope.row + scope.height - 1] + HEIGHT / 2 + SILL + FOOT * scope.bottoms;
    return { left: ends[0], top, width: ends[1] - ends[0], height: low - top, group: groups[scope.number], down: lane % 2 === 0 };
  });
  const low = Math.max(most([...boxes.values()], box => box.y + box.height / 2, 0), most(regions, region => region.top + region.height, 0));
  return {
    boxes, regions, lanes, wires: routed(wires, boxes, through(wires, root, strand, rows, ways, base, y)),
    width: most(lanes, lane => lane.right, 0) + MARGIN, height: low + MARGIN + PITCH / 3,
  };
}
function setRows(wires, wholes, leaf, root) {
  const across = wires.filter(({ kind, source, target }) => kind === "forward" && source.lane !== target.lane);
  for (const [lane, whole] of wholes) {
    for (const { source, target } of across) {
      if (target.lane !== lane) continue;
      let top = leaf.get(target);
      while (top.parent !== whole) top = top.parent;
      top.least = Math.max(top.least, root.get(source).row + root.get(source).height);
    }
    rank(whole);
  }
  let first = Infinity;
  for (const each of leaf.values()) first = Math.min(first, each.row);
  for (const whole of wholes.values()) for (const each of inside(whole)) each.row -= first;
}
function fillCells(nodes, root, level, inner) {
  const content = new Map(), offsets = new Map(), ways = new Map();
  for (const node of nodes) {
    const cell = root.get(node);
    if (!content.has(cell)) content.set(cell, new Map());
    const lanes = content.get(cell);
    if (lanes.has(node.lane)) lanes.get(node.lane).push(node); else lanes.set(node.lane, [node]);
  }
  for (const [cell, lanes] of content) {
    for (const [lane, members] of lanes) {
      const way = lane % 2 === 0 ? -1 : 1;
      members.sort((a, b) => way * (ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind)));
      const anchor = Math.max(members.findIndex(node => node.kind === "adjoint"), 0);
      if (members.some(node => level.get(node))) {
        tower(cell, members, members[anchor], level, inner.get(`${cell.node.key} ${lane}`) ?? [], offsets, ways);
        continue;
      }
      let edge = 0;
      for (const node of members) { offsets.set(node, edge + node.width / 2); edge += node.width + INNER; }
      const zero = offsets.get(members[anchor]);
      for (const node of members) offsets.set(node, offsets.get(node) - zero);
      cell.left = Math.max(cell.left, zero);
      cell.right = Math.max(cell.right, edge - INNER - zero);
    }
  }
  return { offsets, ways };
}
function place(scope, degree) {
  const late = child => 2 * child.fed + (child.children.length > 0 || degree.get(child.node) > 0);
  const children = [...scope.children].sort((a, b) => late(a) - late(b)), slabs = new Map(), ways = new Map();
  for (const child of children) {
    const slab = child.height > 1 ? child : null;
    slabs.set(child, Array.from({ length: child.height }, (_, n) => itemOf(child.start + n, child.left, child.right, child.fed ? 10 : 1, slab)));
  }
  for (const [source, net] of scope.nets) if (net.routed) ways.set(source, wayOf(scope, source, net, slabs));
  const items = [...[...slabs.values()].flat(), ...[...ways.values()].flat()];
  arrange(items);
  for (const [child, slab] of slabs) child.place = slab[0].place;
  let left = Infinity, right = -Infinity;
  for (const item of items) { left = Math.min(left, item.place - item.left); right = Math.max(right, item.place + item.right); }
  for (const [source, way] of ways) scope.passes.set(source, straight(way));
  for (const [source, net] of scope.nets) {
    const way = ways.get(source) ?? [];
    if (net.leaves) scope.out.set(source, way.length ? way[way.length - 1].place : net.source.place + (net.source.out.get(source) ?? 0));
    if (net.source) continue;
    const first = [...net.readers].filter(reader => !reader.start), over = first.length ? first : [...net.readers];
    const places = over.map(reader => reader.place + (reader.into.get(source) ?? 0));
    scope.into.set(source, way.length && !first.length ? way[0].place : places.reduce((total, each) => total + each, 0) / places.length);
  }
  const label = scope.parent ? groups[scope.number].labelWidth : 0;
  let entry = scope.into.size ? Infinity : right;
  for (const at of scope.into.values()) entry = Math.min(entry, at);
  scope.left = Math.max(SIDE - left, label - entry);
  scope.right = Math.max(right + SIDE, label - scope.left);
}
function wayOf(scope, source, net, slabs) {
  const [first, last] = span(scope, net), way = [];
  for (let row = first; row <= last; row++) way.push(itemOf(row, 4, 4, 4));
  const from = net.source && slabs.get(net.source), out = net.source ? net.source.out.get(source) ?? 0 : 0;
  if (way.length && from) join(from[from.length - 1], way[0], out);
  for (let n = 0; n + 1 < way.length; n++) join(way[n], way[n + 1]);
  for (const reader of net.readers) {
    const away = -(reader.into.get(source) ?? 0);
    if (reader.start > first) join(way[reader.start - 1 - first], slabs.get(reader)[0], away);
    else if (from) join(from[from.length - 1], slabs.get(reader)[0], out + away);
  }
  return way;
}
function straight(way) {
  const found = [];
  for (const item of way) {
    const last = found[found.length - 1];
    if (last && last[0] === item.place) last[2] = item.row; else found.push([item.place, item.row, item.row]);
  }
  return found;
}
function regionsOf(nodes, root, wholes) {
  const seen = new Map(), found = [], position = new Map();
  for (const node of nodes) {
    for (const scope of above(root.get(node))) {
      if (!scope.parent || seen.get(scope)?.has(node.lane)) break;
      if (!seen.has(scope)) seen.set(scope, new Set());
      seen.get(scope).add(node.lane);
      found.push([scope, node.lane, rootOf(node).lane]);
    }
  }
  for (const whole of wholes.values()) inside(whole).forEach((each, n) => position.set(each, n));
  return found.sort((a, b) => a[1] - b[1] || position.get(a[0]) - position.get(b[0]));
}
function lanesOf(nodes, root, strand, offsets, around, wholes) {
  const pairs = nodes.map(node => [node.lane, rootOf(node).lane]).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const reach = new Map(pairs.map(([lane, home]) => [`${lane} ${home}`, { lane, extent: [] }]));
  for (const node of nodes) {
    const x = sideOf(node.lane) * (root.get(node).x + offsets.get(node));
    reach.get(strand.get(node)).extent.push(x - node.width / 2, x + node.width / 2);
  }
  for (const [scope, lane, home] of around) {
    reach.get(`${lane} ${home}`).extent.push(sideOf(lane) * (scope.x - scope.left), sideOf(lane) * (scope.x + scope.right));
  }
  for (const [lane, whole] of wholes) {
    for (const way of whole.passes.values()) for (const [at] of way) reach.get(`${lane} ${lane}`).extent.push(at);
  }
  const base = new Map(), lanes = [], column = new Map();
  let edge = MARGIN;
  for (const [key, { lane, extent }] of reach) {
    const left = extent.reduce((a, b) => Math.min(a, b)), right = extent.reduce((a, b) => Math.max(a, b));
    if (column.has(lane)) edge += GAP - BETWEEN;
    else {
      column.set(lane, lanes.length);
      lanes.push({ left: edge, right: edge, down: lane % 2 === 0 });
    }
    base.set(key, edge - left);
    lanes[lanes.length - 1].right = edge + right - left;
    edge += right - left + BETWEEN;
  }
  return { base, lanes, column };
}
function heights(wholes) {
  const tops = new Map(), bottoms = new Map(), found = [];
  let last = 0, y = MARGIN + HEIGHT;
  for (const whole of wholes.values()) {
    for (const each of inside(whole).slice(1)) {
      const end = each.row + each.height - 1;
      tops.set(each.row, Math.max(tops.get(each.row) ?? 0, each.tops));
      bottoms.set(end, Math.max(bottoms.get(end) ?? 0, each.bottoms));
      last = Math.max(last, end);
    }
  }
  for (let row = 0; row <= last; row++) {
    y += HEAD * (tops.get(row) ?? 0) + FOOT * (bottoms.get(row - 1) ?? 0);
    found.push(y);
    y += PITCH;
  }
  return found;
}

// -- wires ------------------------------------------------------------------------------------------
function through(wires, root, strand, rows, ways, base, y) {
  const found = new Map();
  for (const { source, target } of wires) {
    const zero = base.get(strand.get(source)), distance = rows.get(target) - rows.get(source);
    if (Math.abs(distance) < 2 || strand.get(source) !== strand.get(target) || found.get(source)?.has(target)) continue;
    const [upper, lower] = distance > 0 ? [source, target] : [target, source];
    const way = withTowers(source, target, distance, root, ways, waysOf(root.get(upper), root.get(lower)));
    if (!found.has(source)) found.set(source, new Map());
    found.get(source).set(target, way.map(([x, first, last]) => [zero + sideOf(source.lane) * x, y[first], y[last]]));
  }
  return found;
}
function waysOf(upper, lower) {
  const around = new Set(above(lower)), scopes = [], inner = [], found = [];
  for (const scope of above(upper)) {
    scopes.push([scope, lower.row]);
    if (around.has(scope)) break;
  }
  const [meet] = scopes.pop();
  let below = lower;
  for (const scope of above(lower)) {
    inner.push([scope, below.row]);
    if (scope === meet) break;
    below = scope;
  }
  for (const [scope, end] of [...scopes, ...inner.reverse()]) {
    for (const [at, first, last] of scope.passes.get(upper.node) ?? []) {
      if (scope.row + first < end) found.push([scope.x + at, scope.row + first, Math.min(scope.row + last, end - 1)]);
    }
  }
  return found;
}
function sidesOf(a, b, kind, down) {
  if (a.lane === b.lane && a.row !== b.row) return a.row < b.row ? ["bottom", "top", "v"] : ["top", "bottom", "v"];
  if (a.row === b.row && a.lane !== b.lane && kind !== "saved") return down ? ["bottom", "bottom", "u"] : ["top", "top", "n"];
  return a.x < b.x ? ["right", "left", "h"] : ["left", "right", "h"];
}
function routed(wires, boxes, ways) {
  const lengthwise = side => side === "top" || side === "bottom", starts = [], ends = [];
  const drafts = wires.map((edge, n) => {
    const { source, target } = edge, a = boxes.get(source), b = boxes.get(target);
    const [leave, arrive, bend] = sidesOf(a, b, edge.kind, source.lane % 2 === 0);
    let middle = (ways.get(source)?.get(target) ?? []).flatMap(([x, top, low]) => [[x, top - HEIGHT / 2], [x, low + HEIGHT / 2]]);
    if (a.row >= b.row) middle = middle.reverse();
    const along = (side, point) => (lengthwise(side) ? point[0] : point[1]);
    const start = { node: source, side: leave, bundle: `out ${edge.value}`, towards: along(leave, middle[0] ?? [b.x, b.y]) };
    const shared = target.kind === "sum" || target.members;
    const end = { node: target, side: arrive, bundle: shared ? `in ${edge.kind}` : n, towards: along(arrive, middle[middle.length - 1] ?? [a.x, a.y]) };
    starts.push(start);
    ends.push(end);
    return { edge, start, end, bend, middle };
  });
  setPorts([...ends, ...starts], boxes, lengthwise);
  return drafts.map(({ edge, start, end, bend, middle }) => ({ edge, bend, points: [start.point, ...middle, end.point] }));
}
function setPorts(ends, boxes, lengthwise) {
  const sides = new Map();
  for (const end of ends) {
    if (!sides.has(end.node)) sides.set(end.node, new Map());
    const own = sides.get(end.node);
    if (!own.has(end.side)) own.set(end.side, new Map());
    const bundles = own.get(end.side);
    if (bundles.has(end.bundle)) bundles.get(end.bundle).push(end); else bundles.set(end.bundle, [end]);
  }
  const middle = group => group.reduce((total, end) => total + end.towards, 0) / group.length;
  for (const [node, own] of sides) {
    for (const [side, bundles] of own) {
      const box = boxes.get(node), length = lengthwise(side) ? box.width : box.height, count = bundles.size;
      const room = Math.max(Math.min(APART * (count - 1), length - 16), 0);
      [...bundles.values()].sort((a, b) => middle(a) - middle(b)).forEach((group, n) => {
        const shift = count > 1 ? room * (n / (count - 1) - 0.5) : 0;
        const point = {
          top: [box.x + shift, box.y - box.height / 2], bottom: [box.x + shift, box.y + box.height / 2],
          left: [box.x - box.width / 2, box.y + shift], right: [box.x + box.width / 2, box.y + shift],
        }[side];
        for (const end of group) end.point = point;
      });
    }
  }
}
