// The page: what is open, what is highlighted, where one looks, and the hands that change it.

const stage = document.getElementById("stage"), search = document.getElementById("search"), found = document.getElementById("found");
const mode = document.getElementById("mode"), overlay = document.getElementById("overlay");
const svg = make(stage, "svg", { class: "gg", role: "group", "aria-label": legible(data.title), "font-family": data.font });
const state = { opened: new Set(data.opened), chosen: "", anchor: "", hits: [], at: -1, picture: null, layout: null, drawn: null };

// -- the picture ------------------------------------------------------------------------------------
function redraw() {
  state.picture = shown(state.opened);
  state.layout = mirrorLayout(state.picture);
  repaint();
}
function repaint() {
  const focused = document.activeElement?.dataset?.id;
  svg.replaceChildren();
  state.drawn = draw(svg, state.picture, state.layout, overlay.checked, false);
  for (const [node, element] of state.drawn.nodes) element.dataset.id = node.id;
  for (const [region, element] of state.drawn.regions) element.dataset.id = `r${region.group.number} ${region.down}`;
  const targets = [...svg.querySelectorAll("[data-id]")];
  (targets.find(element => element.dataset.id === focused) ?? nodeElement(state.chosen) ?? targets.find(each => each.matches(".gg-node")))?.setAttribute("tabindex", 0);
  if (focused) targets.find(element => element.dataset.id === focused)?.focus({ preventScroll: true });
  light();
  ring();
}
function nodeOf(id) { return state.picture.nodes.find(node => node.id === id); }
function nodeElement(id) { return state.drawn.nodes.get(nodeOf(id)); }

// -- the view ---------------------------------------------------------------------------------------
let view = { x: 0, y: 0, w: 1, h: 1 };
function show() { svg.setAttribute("viewBox", `${view.x} ${view.y} ${view.w} ${view.h}`); }
function look(scale, x, y) { view = { x, y, w: stage.clientWidth / scale, h: stage.clientHeight / scale }; show(); }
const fitting = () => Math.min(stage.clientWidth / state.layout.width, stage.clientHeight / state.layout.height, 1.4) || 1;
function fit() {
  const scale = fitting();
  look(scale, (state.layout.width - stage.clientWidth / scale) / 2, (state.layout.height - stage.clientHeight / scale) / 2);
}
function begin() {  // a large picture opens at its top, large enough to read
  if (fitting() >= 0.7) return fit();
  const scale = Math.min(Math.max(stage.clientWidth / state.layout.width, 0.7), 1.4);
  look(scale, Math.min((state.layout.width - stage.clientWidth / scale) / 2, 0), 0);
  const first = [...state.layout.boxes.values()].reduce((a, b) => (b.y < a.y || (b.y === a.y && b.x < a.x) ? b : a));
  if (first.x > view.w - first.width) centre({ x: Math.min(first.x, state.layout.width - view.w / 2), y: view.h / 2 });
  if (first.y > view.h - 50) bring(first);
}
function zoom(factor, px = 0.5, py = 0.5) {
  const w = Math.min(Math.max(view.w * factor, 60), 8 * Math.max(state.layout.width, state.layout.height)), k = w / view.w;
  view = { x: view.x + view.w * (1 - k) * px, y: view.y + view.h * (1 - k) * py, w, h: view.h * k };
  show();
}
function centre({ x, y }) { view.x = x - view.w / 2; view.y = y - view.h / 2; show(); }
function bring({ x, y }) {
  const inset = Math.min(view.w, view.h) / 10;
  view.x = Math.min(Math.max(view.x, x - view.w + inset), x - inset);
  view.y = Math.min(Math.max(view.y, y - view.h + inset), y - inset);
  show();
}

// -- opening and closing ----------------------------------------------------------------------------
function below(number) {
  const list = [number];
  for (let n = 0; n < list.length; n++) list.push(...groups[list[n]].inner);
  return list;
}
/** Draw with these groups open; ask first if that is very much, and offer fewer. A point given by `place` stays where it is. */
function open(opened, place, fewer = level(), ask = true) {
  const count = ask ? counted(opened) : 0;
  if (count > BUDGET && count > state.picture.nodes.length) {
    const less = counted(fewer), offers = [[`Draw ${count.toLocaleString("en")}`, () => open(opened, place, fewer, false)]];
    if (less < count && less > state.picture.nodes.length) offers.unshift([`Open one level (${less.toLocaleString("en")})`, () => open(fewer, place)]);
    return warn(count, offers);
  }
  const before = place?.();
  state.opened = opened;
  if (!state.anchor || !shown(opened).nodes.some(node => node.id === state.anchor)) state.anchor = "";
  redraw();
  const after = place?.();
  if (before && after) { view.x += after.x - before.x; view.y += after.y - before.y; show(); } else if (!place) begin();
  tell();
}
/** Where a group is, closed or open, in the lane where one looks at it. */
function whereIs(number, down = true) {
  return () => {
    for (const { group, left, top, down: here } of state.layout.regions) if (group.number === number && here === down) return { x: left, y: top };
    for (const [node, box] of state.layout.boxes) {
      if (node.group === number && (node.lane % 2 === 0) === down) return { x: box.x - box.width / 2, y: box.y - box.height / 2 };
    }
    return null;
  };
}
function toggle(number, deep = false, down = true) {
  const opened = new Set(state.opened);
  if (opened.has(number)) for (const each of below(number)) opened.delete(each);
  else for (const each of deep ? below(number) : [number]) opened.add(each);
  open(opened, whereIs(number, down), new Set([...state.opened, number]));
  if (state.opened !== opened) return;
  if (opened.has(number)) focusOn(`r${number} ${down}`);
  else focusOn(state.picture.nodes.find(node => node.group === number && (node.lane % 2 === 0) === down)?.id);
}
function level() {
  const opened = new Set(state.opened);
  for (const node of state.picture.nodes) if (node.members) opened.add(node.group);
  return opened;
}
function every() { return new Set(groups.map(group => group.number)); }
function closed() { return new Set(groups.filter(group => group.kind === "root").map(group => group.number)); }
/** Open whatever a node of the whole graph is in, choose it, and go there. */
function reveal(index) {
  const opened = new Set(state.opened);
  for (let at = leaves[roots[index]].holder; at >= 0; at = groups[at].parent) opened.add(at);
  if (opened.size > state.opened.size) { state.opened = opened; redraw(); }
  choose(state.picture.of[index].id);
  centre(state.layout.boxes.get(state.picture.of[index]));
}

// -- highlighting -----------------------------------------------------------------------------------
const members = node => node.members ?? [node.index];
function closure(starts, next) {
  const seen = new Set(starts), pending = [...seen];
  while (pending.length) for (const each of next(pending.pop())) if (!seen.has(each)) { seen.add(each); pending.push(each); }
  return seen;
}
const upwards = node => closure(members(node), index => into[index].map(edge => edge.source));
const downwards = node => closure(members(node), index => outOf[index].map(edge => edge.target));
const common = (a, b) => new Set([...a].filter(each => b.has(each)));
/** The sets of nodes of the whole graph to highlight, and what to say of them. */
function reach(node) {
  const anchor = state.anchor && nodeOf(state.anchor), own = members(node).length;
  if (mode.value === "path") {
    if (!anchor || anchor === node) return [[new Set(members(node))], "Choose another node: the paths between the two are highlighted."];
    const ways = [common(downwards(anchor), upwards(node)), common(downwards(node), upwards(anchor))].filter(each => each.size);
    return [ways, ways.length ? `${new Set(ways.flatMap(each => [...each])).size} nodes on paths between ${anchor.key} and ${node.key}.`
      : `No path between ${anchor.key} and ${node.key}.`];
  }
  const up = upwards(node), down = downwards(node);
  if (mode.value === "above") return [[up], `${up.size - own} nodes above are highlighted.`];
  if (mode.value === "below") return [[down], `${down.size - own} nodes below are highlighted.`];
  return [[up, down], `${up.size - own} nodes above, ${down.size - own} below are highlighted.`];
}
function light() {
  const node = nodeOf(state.chosen), anchor = nodeOf(state.anchor);
  svg.classList.toggle("gg-far", Boolean(node));
  for (const [each, element] of state.drawn.nodes) {
    element.classList.toggle("chosen", each === node);
    element.classList.toggle("anchor", each === anchor && each !== node);
  }
  if (!node) return "";
  const [sets, said] = reach(node), near = new Set([node, anchor]), ways = new Set(), { of } = state.picture;
  for (const set of sets) {
    for (const index of set) near.add(of[index]);
    for (const edge of edges) if (set.has(edge.source) && set.has(edge.target)) ways.add(`${of[edge.source].id}|${of[edge.target].id}|${edge.kind}`);
  }
  for (const [each, element] of state.drawn.nodes) element.classList.toggle("near", near.has(each));
  for (const [wire, element] of state.drawn.wires) {
    const { edge } = wire;
    element.classList.toggle("near", edge ? ways.has(`${edge.source.id}|${edge.target.id}|${edge.kind}`) : near.has(wire.source));
  }
  return said;
}
function choose(id, other = false) {
  const node = nodeOf(id);
  if (!node) return clear();
  if (other) mode.value = "path";
  if (mode.value === "path" && (!state.anchor || (state.chosen && state.chosen !== state.anchor && !other))) state.anchor = other && state.chosen ? state.chosen : id;
  state.chosen = id;
  tell();
}
function tell() {
  const node = nodeOf(state.chosen);
  if (!node) { state.chosen = ""; light(); return overview(state.picture.nodes.length); }
  describe(node, light());
}
function clear() { state.chosen = state.anchor = ""; tell(); }

// -- search -----------------------------------------------------------------------------------------
let words = null;
function look_up() {
  const text = search.value.trim().toLowerCase();
  words ??= leaves.map(leaf => [leaf.key, leaf.type, leaf.kind, ...leaf.roles, texts[leaf.facts[9]]].join("\n").toLowerCase());
  state.hits = text ? leaves.filter(leaf => words[leaf.index].includes(text)).map(leaf => leaf.index) : [];
  state.at = -1;
  found.textContent = text ? `${state.hits.length} found` : "";
  ring();
}
function ring() {
  const hit = new Set(state.hits.map(index => state.picture.of[index]));
  for (const [node, element] of state.drawn.nodes) element.classList.toggle("hit", hit.has(node));
}
function next(step) {
  if (!state.hits.length) return;
  state.at = (state.at + (state.at < 0 && step < 0 ? 0 : step) + state.hits.length) % state.hits.length;
  reveal(state.hits[state.at]);
  found.textContent = `${state.at + 1} of ${state.hits.length}`;
}
