// The mirror layout of what is shown: nesting.py, rows.py and layout.py, step by step, for equal pictures.

function unit(fields) {
  return Object.assign({
    node: null, number: -1, parent: null, children: [], fed: false, start: 0, least: 0, height: 1, row: 0, left: 0, right: 0,
    place: 0, x: 0, nets: new Map(), into: new Map(), out: new Map(), passes: new Map(), tops: 0, bottoms: 0,
  }, fields);
}
function inside(whole) {
  const found = [whole];
  for (let n = 0; n < found.length; n++) for (const child of found[n].children) found.push(child);
  return found;
}
function above(one) {
  const found = [];
  for (let at = one.parent; at; at = at.parent) found.push(at);
  return found;
}
function rootOf(node) { while (node.mirror) node = node.mirror; return node; }
const most = (items, of, start) => items.reduce((high, item) => Math.max(high, of(item)), start);

// -- nesting ----------------------------------------------------------------------------------------
function nested({ nodes, edges: wires }) {
  const wholes = new Map(), leaf = new Map(), scopes = new Map();
  for (const node of nodes) {
    if (node.mirror) continue;
    if (!wholes.has(node.lane)) wholes.set(node.lane, unit({}));
    let at = wholes.get(node.lane);
    for (const number of node.within) {
      if (!scopes.has(number)) {
        scopes.set(number, unit({ number, parent: at }));
        at.children.push(scopes.get(number));
      }
      at = scopes.get(number);
    }
    leaf.set(node, unit({ node, parent: at }));
    at.children.push(leaf.get(node));
  }
  cast(wires, leaf);
  return { wholes: new Map([...wholes].sort((a, b) => a[0] - b[0])), leaf };
}
function netOf(scope, source) {
  if (!scope.nets.has(source)) scope.nets.set(source, { source: null, readers: new Set(), leaves: false, routed: true });
  return scope.nets.get(source);
}
function cast(wires, leaf) {
  const known = new Map();
  for (const { source, target, kind } of wires) {
    if (kind !== "forward" || known.get(source)?.has(target)) continue;
    if (!known.has(source)) known.set(source, new Set());
    known.get(source).add(target);
    const reader = leaf.get(target);
    reader.fed = true;
    const outer = above(reader);
    if (!leaf.has(source) || source.lane !== target.lane) {
      for (const scope of outer) scope.fed = true;
      continue;
    }
    const around = new Set(outer);
    let from = leaf.get(source);
    for (; !around.has(from.parent); from = from.parent) Object.assign(netOf(from.parent, source), { source: from, leaves: true });
    const meet = from.parent;
    let below = reader;
    for (; below.parent !== meet; below = below.parent) {
      netOf(below.parent, source).readers.add(below);
      below.parent.fed = true;
    }
    const net = netOf(meet, source);
    net.source = from;
    net.readers.add(below);
  }
}
function rank(whole) {
  const order = inside(whole);
  for (const scope of [...order].reverse()) if (scope.children.length) stack(scope);
  for (const scope of order) for (const child of scope.children) child.row = scope.row + child.start;
  thin(order);
}
function stack(scope) {
  const readers = new Map(scope.children.map(child => [child, new Set()])), leaving = new Set();
  for (const net of scope.nets.values()) {
    if (!net.source) continue;
    for (const reader of net.readers) readers.get(net.source).add(reader);
    if (net.leaves) leaving.add(net.source);
  }
  const waiting = new Map(scope.children.map(child => [child, 0]));
  for (const found of readers.values()) for (const reader of found) waiting.set(reader, waiting.get(reader) + 1);
  for (const child of scope.children) child.start = child.least;
  const ready = scope.children.filter(child => !waiting.get(child));
  for (let n = 0; n < ready.length; n++) {
    for (const reader of readers.get(ready[n])) {
      reader.start = Math.max(reader.start, ready[n].start + ready[n].height);
      waiting.set(reader, waiting.get(reader) - 1);
      if (!waiting.get(reader)) ready.push(reader);
    }
  }
  scope.height = most(scope.children, child => child.start + child.height, 1);
  for (const child of scope.children) {
    if (child.fed || !(readers.get(child).size || leaving.has(child))) continue;
    let first = Infinity;
    for (const reader of readers.get(child)) first = Math.min(first, reader.start);
    child.start = Math.max((first === Infinity ? scope.height : first) - child.height, 0);
  }
  for (const child of scope.children) {
    if (!child.children.length) continue;
    child.tops = 1 + most(child.children.filter(inner => inner.start === 0), inner => inner.tops, 0);
    child.bottoms = 1 + most(child.children.filter(inner => inner.start + inner.height === child.height), inner => inner.bottoms, 0);
  }
}
function span(scope, net) {
  const first = net.source ? net.source.start + net.source.height : 0;
  const last = net.leaves ? scope.height : most([...net.readers], reader => reader.start, 0);
  return [first, last - 1];
}
function thin(order) {
  let room = LONG * order.length + SOME;
  const ways = order.flatMap(scope => [...scope.nets.values()].map(net => {
    const [first, last] = span(scope, net);
    return [Math.max(last - first + 1, 0), net];
  }));
  if (ways.reduce((total, [length]) => total + length, 0) <= room) return;
  for (const [length, net] of ways.sort((a, b) => a[0] - b[0])) {
    room -= length;
    net.routed = room >= 0;
  }
}

// -- rows -------------------------------------------------------------------------------------------
function itemOf(row, left, right, pull, slab = null) { return { row, left, right, pull, slab, place: 0, above: [], below: [] }; }
function join(upper, lower, shift = 0) {
  upper.below.push([lower, -shift]);
  lower.above.push([upper, shift]);
}
function arrange(items) {
  const rows = new Map();
  for (const item of items) { if (rows.has(item.row)) rows.get(item.row).push(item); else rows.set(item.row, [item]); }
  spread(ordered([...rows.keys()].sort((a, b) => a - b).map(row => rows.get(row))));
}
function ordered(rows) {
  let best = rows.map(row => [...row]), fewest = crossings(rows);
  for (let sweep = 0; sweep < SWEEPS && fewest; sweep++) {
    const down = sweep % 2 === 0, last = rows.length - 1;
    for (let n = 1; n <= last; n++) {
      if (down) sortRow(rows, n, rows[n - 1], true); else sortRow(rows, last - n, rows[last - n + 1], false);
    }
    const found = crossings(rows);
    if (found < fewest) { best = rows.map(row => [...row]); fewest = found; }
  }
  return best;
}
function sortRow(rows, n, fixed, down) {
  const position = new Map(), slabs = new Map(), middle = new Map();
  fixed.forEach((item, k) => { position.set(item, k); if (item.slab) slabs.set(item.slab, k); });
  for (const item of rows[n]) {
    const joints = down ? item.above : item.below;
    if (item.slab && slabs.has(item.slab)) middle.set(item, slabs.get(item.slab));
    else if (joints.length) middle.set(item, joints.reduce((total, [other]) => total + position.get(other), 0) / joints.length);
  }
  const moved = [...middle.keys()].sort((a, b) => middle.get(a) - middle.get(b));
  let next = 0;
  rows[n] = rows[n].map(item => (middle.has(item) ? moved[next++] : item));
}
function bisect(list, value) {  // how many of a sorted list are below the value
  let low = 0, high = list.length;
  while (low < high) { const at = (low + high) >> 1; if (list[at] < value) low = at + 1; else high = at; }
  return low;
}
function crossings(rows) {
  let total = 0;
  for (let n = 0; n + 1 < rows.length; n++) {
    const position = new Map(rows[n + 1].map((item, k) => [item, k])), seen = [];
    for (const item of rows[n]) {
      const ends = item.below.map(([other]) => position.get(other)).sort((a, b) => a - b);
      for (const end of ends) total += seen.length - bisect(seen, end + 1);
      for (const end of ends) seen.splice(bisect(seen, end + 1), 0, end);
    }
  }
  return total;
}
function columnsOf(rows) {
  const columns = new Map();
  for (const row of rows) {
    for (const item of row) columns.set(item, { shifts: new Map([[item, 0]]), row: item.row, place: 0, left: [], right: [], around: [], weight: 0 });
  }
  for (let n = 0; n + 1 < rows.length; n++) {
    const position = new Map(), slabs = new Map(), pairs = [], taken = [], below = [];
    rows[n + 1].forEach((item, k) => { position.set(item, k); if (item.slab) slabs.set(item.slab, k); });
    rows[n].forEach((item, k) => { if (item.slab && slabs.has(item.slab)) pairs.push([1e9, k, slabs.get(item.slab), 0]); });
    rows[n].forEach((item, k) => { for (const [other, away] of item.below) pairs.push([item.pull * other.pull, k, position.get(other), -away]); });
    pairs.sort((a, b) => b[0] - a[0]);
    for (const [, k, m, shift] of pairs) {
      const at = bisect(taken, k);
      if (at < taken.length && (taken[at] === k || below[at] <= m)) continue;
      if (at > 0 && below[at - 1] >= m) continue;
      taken.splice(at, 0, k);
      below.splice(at, 0, m);
      const column = columns.get(rows[n][k]);
      column.shifts.set(rows[n + 1][m], column.shifts.get(rows[n][k]) + shift);
      columns.set(rows[n + 1][m], column);
    }
  }
  return columns;
}
function spread(rows) {
  const columns = columnsOf(rows);
  for (const row of rows) {
    for (let k = 0; k + 1 < row.length; k++) {
      const a = columns.get(row[k]), b = columns.get(row[k + 1]);
      const gap = row[k].right + GAP + row[k + 1].left + a.shifts.get(row[k]) - b.shifts.get(row[k + 1]);
      b.left.push([a, gap]);
      a.right.push([b, gap]);
    }
  }
  const every = [...new Set(columns.values())];
  for (const column of every) {
    for (const [item, shift] of column.shifts) {
      for (const [other, away] of [...item.above, ...item.below]) {
        const joint = columns.get(other);
        if (joint === column) continue;
        column.around.push([joint, joint.shifts.get(other) + away - shift, other.pull]);
        column.weight += other.pull;
      }
    }
  }
  for (const column of fromLeft(every)) column.place = column.left.length ? most(column.left, ([other, gap]) => other.place + gap, -Infinity) : 0;
  const outwards = [...every].sort((a, b) => a.place - b.place || a.row - b.row);
  for (let sweep = 0; sweep < 2 * SWEEPS; sweep++) {
    let moved = 0;
    for (const column of sweep % 2 ? outwards : [...outwards].reverse()) {
      let place = column.place;
      if (column.around.length) place = column.around.reduce((total, [joint, away, pull]) => total + (joint.place + away) * pull, 0) / column.weight;
      for (const [other, gap] of column.left) place = Math.max(place, other.place + gap);
      for (const [other, gap] of column.right) place = Math.min(place, other.place - gap);
      moved = Math.max(moved, Math.abs(place - column.place));
      column.place = place;
    }
    if (moved < 0.5) break;
  }
  for (const [item, column] of columns) item.place = column.place + column.shifts.get(item);
}
function fromLeft(columns) {
  const waiting = new Map(columns.map(column => [column, column.left.length]));
  const ready = columns.filter(column => !waiting.get(column));
  for (let n = 0; n < ready.length; n++) {
    for (const [reader] of ready[n].right) {
      waiting.set(reader, waiting.get(reader) - 1);
      if (!waiting.get(reader)) ready.push(reader);
    }
  }
  return ready;
}
