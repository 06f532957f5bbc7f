// The whole graph, and what of it is shown: closed groups are one node each, as in collapse.py.

/** The data: JSON, packed with zlib, in base 64. */
async function unpacked(text) {
  const letters = atob(text), packed = new Uint8Array(letters.length);
  for (let n = 0; n < letters.length; n++) packed[n] = letters.charCodeAt(n);
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"))).json();
}
const data = await unpacked(document.getElementById("data").textContent);
const { texts, kinds, looks, shapes, patterns } = data;
const {
  PITCH, HEIGHT, ROUND, BETWEEN, INNER, TURN, MARGIN, HEAD, FOOT, SIDE, ROOM, SILL, GAP, SWEEPS, APART, LONG, SOME, CORNER, BUDGET,
} = data.numbers;

const leaves = data.nodes.map((record, index) => {
  const [kind, form, roles, onPath, lane, lit] = looks[record[3]];
  return {
    key: texts[record[0]], type: texts[record[1]], width: record[2], plain: record[4], measured: record[5], kind, form, roles, onPath,
    lane, lit, index, id: `n${index}`, mirror: record[6], holder: record[7], facts: record, members: null, group: -1,
  };
});
const roots = [];
for (const leaf of leaves) roots.push(leaf.mirror < 0 ? leaf.index : roots[leaf.mirror]);

const groups = data.groups.map(([parent, kind, label, title, name, labelWidth, fit], number) => ({
  number, parent, kind, label: texts[label], title: texts[title], name: texts[name], labelWidth, fit: texts[fit], inner: [],
}));
for (const group of groups) if (group.parent >= 0) groups[group.parent].inner.push(group.number);

const folded = new Map();  // closed groups as nodes, by group, lane and kind
for (const record of data.folded) {
  const [kind, form, roles, onPath, lane, lit] = looks[record[3]];
  folded.set(`${record[6]} ${lane} ${kind === "forward"}`, {
    key: texts[record[0]], type: texts[record[1]], width: record[2], plain: record[4], measured: record[5], kind, form, roles, onPath,
    lane, lit, group: record[6], note: texts[record[7]],
  });
}

// Every edge of the whole graph, and the edges at each node.
const edges = data.edges.map(([source, target, kind, value, spec, carries, control, lit]) => (
  { source, target, kind: kinds[kind], value: texts[value], spec: texts[spec], carries, control, lit }));
const into = leaves.map(() => []), outOf = leaves.map(() => []);
for (const edge of edges) { into[edge.target].push(edge); outOf[edge.source].push(edge); }

/** For each group the closed group that stands for it, or -1, and the open scopes around what is in it. */
function cover(opened) {
  const top = [], within = [];
  for (const { number, parent, kind } of groups) {
    const above = parent < 0 ? -1 : top[parent];
    top.push(above >= 0 ? above : opened.has(number) ? -1 : number);
    const around = parent < 0 ? [] : within[parent];
    within.push(kind === "root" || top[number] >= 0 ? around : [...around, number]);
  }
  return { top, within };
}

/** How many nodes would be drawn. */
function counted(opened) {
  const { top } = cover(opened), seen = new Set();
  let count = 0;
  for (const leaf of leaves) {
    const group = top[leaves[roots[leaf.index]].holder];
    if (group < 0) count += 1;
    else seen.add(`${group} ${leaf.lane} ${leaf.kind === "forward"}`);
  }
  return count + seen.size;
}

/** The nodes and edges to draw; `of` is the drawn node for each node of the whole graph. */
function shown(opened) {
  const { top, within } = cover(opened), nodes = [], of = [], merged = new Map();
  for (const leaf of leaves) {
    const holder = leaves[roots[leaf.index]].holder, group = top[holder];
    const mirror = leaf.mirror < 0 ? null : of[leaf.mirror];
    if (group < 0) {
      nodes.push({ ...leaf, mirror, within: within[holder] });
      of.push(nodes[nodes.length - 1]);
      continue;
    }
    const own = `${group} ${leaf.lane} ${leaf.kind === "forward"}`;
    if (!merged.has(own)) {
      merged.set(own, { ...folded.get(own), id: `g${own}`, mirror, within: within[group], members: [] });
      nodes.push(merged.get(own));
    }
    merged.get(own).members.push(leaf.index);
    of.push(merged.get(own));
  }
  return { nodes, edges: joined(nodes, of), of };
}

/** Edges between drawn nodes, by source; parallel ones are one where a closed group is at an end. */
function joined(nodes, of) {
  const seen = new Map(), out = new Map(nodes.map(node => [node, new Map()]));
  for (const edge of edges) {
    const source = of[edge.source], target = of[edge.target];
    if (source === target) continue;
    const name = `${source.id}|${target.id}|${edge.kind}`, known = seen.get(name);
    if (known && (source.members || target.members)) {
      known.carries = known.carries || edge.carries;
      if (edge.lit === 1) known.lit = 1;
      continue;
    }
    const drawn = { ...edge, source, target };
    seen.set(name, drawn);
    const targets = out.get(source);
    if (targets.has(target)) targets.get(target).push(drawn); else targets.set(target, [drawn]);
  }
  return [...out.values()].flatMap(targets => [...targets.values()].flat());
}
