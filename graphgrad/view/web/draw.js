// A layout as SVG elements: what scene.py and regions.py do, with the marks of nodes that came with the data.

const SVG = "http://www.w3.org/2000/svg";
// What no document should hold: characters that XML lacks, and those that turn the direction of reading.
const ILLEGAL = /[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const legible = text => String(text).replace(ILLEGAL, "\ufffd");
const digits = value => value.toFixed(1).replace(/\.0$/, "").replace(/^-0$/, "0");

function make(parent, tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  for (const name in attributes) element.setAttribute(name, attributes[name]);
  if (text !== undefined) element.textContent = legible(text);
  if (parent) parent.append(element);
  return element;
}

const templates = new Map();
/** The marks of a node: the shapes of a pattern, and its texts in their places. */
function marked(parent, [pattern, ...words]) {
  if (!templates.has(pattern)) {
    const drawn = make(null, "g", {});
    for (const mark of patterns[pattern]) {
      if (typeof mark === "number") make(drawn, "path", { class: shapes[mark][0], d: shapes[mark][1] });
      else make(drawn, "text", { class: mark[0], x: mark[1], y: mark[2], "font-size": mark[3], "text-anchor": mark[4] });
    }
    templates.set(pattern, drawn);
  }
  const drawn = templates.get(pattern).cloneNode(true);
  let next = 0;
  for (const child of drawn.children) if (child.tagName === "text") child.textContent = legible(texts[words[next++]]);
  parent.append(...drawn.children);
}
function rectangle(x, y, wide, high, r) {
  const k = r * 0.4477, right = x + wide, low = y + high, at = (...values) => values.map(digits).join(" ");
  return `M${at(x + r, y)}L${at(right - r, y)}C${at(right - k, y, right, y + k, right, y + r)}L${at(right, low - r)}`
    + `C${at(right, low - k, right - k, low, right - r, low)}L${at(x + r, low)}C${at(x + k, low, x, low - k, x, low - r)}`
    + `L${at(x, y + r)}C${at(x, y + k, x + k, y, x + r, y)}Z`;
}
/** A button that opens (+) or closes (-). */
function button(parent, x, y, opens) {
  const group = make(parent, "g", { class: "gg-button" });
  make(group, "circle", { class: "gg-toggle", cx: digits(x), cy: digits(y), r: 6.5 });
  make(group, "path", { class: "gg-sign", d: `M${digits(x - 3.5)} ${digits(y)}h7` + (opens ? `M${digits(x)} ${digits(y - 3.5)}v7` : "") });
}

function styleOf({ kind, control, carries }) {
  if (control) return "control";
  return { seed: "cotangent", forward: carries ? "forward" : "read" }[kind] ?? kind;
}
function curve({ points: given, bend }) {
  const points = given.map(point => [...point]), [sx, sy] = points[0];
  let [ex, ey] = points[points.length - 1];
  const at = (...values) => values.map(digits).join(" ");
  if (bend === "u" || bend === "n") {
    const sign = bend === "u" ? 1 : -1, end = ey + sign * 6;
    return [`M${at(sx, sy)}C${at(sx, sy + sign * TURN, ex, end + sign * TURN, ex, end)}`, [ex, ey, 0, -sign]];
  }
  if (bend === "h") {
    const sign = ex > sx ? 1 : -1, tip = [ex, ey, sign, 0];
    if (Math.abs(ex - sx) < 40) return [`M${at(sx, sy)}L${at(ex - sign * 5, ey)}`, tip];
    const reach = sign * Math.max(Math.min(Math.abs(ex - sx) / 2, 90), sy === ey ? 4 : 30);
    ex -= sign * 5;
    return [`M${at(sx, sy)}C${at(sx + reach, sy, ex - reach, ey, ex, ey)}`, tip];
  }
  const sign = ey > sy ? 1 : -1;
  points[points.length - 1] = [ex, ey - sign * 6];
  let path = `M${at(sx, sy)}`;
  for (let n = 0; n + 1 < points.length; n++) {
    const [ax, ay] = points[n], [bx, by] = points[n + 1], middle = (ay + by) / 2;
    path += ax === bx ? `L${at(bx, by)}` : `C${at(ax, middle, bx, middle, bx, by)}`;
  }
  return [path, [ex, ey, 0, sign]];
}
function drawWire(parent, wire) {
  const { edge } = wire, style = styleOf(edge), emphasis = ["", "strong-", "faint-"][edge.lit];
  const [path, [x, y, dx, dy]] = curve(wire), [length, half] = style === "saved" ? [5, 2.4] : [7, 3.2];
  const group = make(parent, "g", { class: "gg-wire" });
  make(group, "title", {}, `${edge.value}  ${edge.spec}`.trimEnd());
  make(group, "path", { class: `gg-${emphasis}${style}`, d: path });
  const head = [[x, y], [x - dx * length - dy * half, y - dy * length + dx * half], [x - dx * length + dy * half, y - dy * length - dx * half]];
  make(group, "path", { class: `gg-${emphasis === "faint-" ? emphasis : ""}${style}-head`, d: `M${head.map(point => point.map(digits).join(" ")).join("L")}Z` });
  return group;
}

/** Dtype and shape beside the wires that leave each node within its lane, once per node. */
function specs(layout, overlay) {
  const starts = new Map(), found = [];
  for (const wire of layout.wires) {
    if (wire.bend !== "v" || wire.edge.kind !== "forward" || !wire.edge.spec) continue;
    if (starts.has(wire.edge.source)) starts.get(wire.edge.source).push(wire); else starts.set(wire.edge.source, [wire]);
  }
  const before = (a, b) => a.points[0][0] - b.points[0][0] || a.points[0][1] - b.points[0][1];
  for (const [source, wires] of starts) {
    const said = [...new Set(wires.map(wire => wire.edge.spec))], text = (said.length > 2 ? [...said.slice(0, 2), "…"] : said).join(", ");
    const rightwards = wires.some(wire => wire.points[1][0] > wire.points[0][0] + 12), beside = source.form === "stop" ? 17 : 5;
    const end = wires.reduce((best, wire) => ((rightwards ? before(wire, best) < 0 : before(wire, best) > 0) ? wire : best));
    const pale = wires.every(wire => wire.edge.lit === 2), alarmed = overlay && source.measured && texts[source.measured[2]] && source.lit !== 2;
    found.push({
      source, pale, text, anchor: rightwards ? "end" : "start", x: end.points[0][0] + (rightwards ? -beside : beside),
      y: end.points[0][1] + (alarmed ? 14 : 11),
    });
  }
  return found;
}
function drawSpec(parent, { pale, text, anchor, x, y }) {
  const group = make(parent, "g", { class: "gg-wire" });
  make(group, "text", { class: pale ? "gg-faint-spec" : "gg-spec", x: digits(x), y: digits(y), "font-size": 8.5, "text-anchor": anchor }, text);
  return group;
}

function captions(parent, picture, layout) {
  const order = layout.lanes.map(() => 0);
  for (const [node, box] of layout.boxes) {
    let count = 0;
    for (let at = node; at.mirror; at = at.mirror) count += 1;
    order[box.lane] = Math.max(order[box.lane], count);
  }
  layout.lanes.forEach((lane, n) => {
    const text = ["forward", "gradient", "second order"][order[n]] ?? `order ${order[n]}`;
    const place = { x: digits((lane.left + lane.right) / 2), y: digits(MARGIN / 2 + 3), "font-size": 10.5, "text-anchor": "middle" };
    make(parent, "text", { class: "gg-caption", ...place }, `${text} ${lane.down ? "↓" : "↑"}`);
    if (!n) return;
    const x = digits((layout.lanes[n - 1].right + lane.left) / 2);
    make(parent, "path", { class: "gg-axis", d: `M${x} ${MARGIN / 2}L${x} ${digits(layout.height - 8)}` });
  });
}
function drawRegion(parent, { left, top, width, height, group, down }, plain) {
  const element = make(parent, "g", plain ? {} : { class: "gg-region", tabindex: -1, role: "button", "aria-expanded": "true" });
  const style = `gg-${group.kind === "fold" ? "fold" : "scope"}-${down ? "forward" : "backward"}`;
  make(element, "path", { class: style, d: rectangle(left, top, width, height, CORNER) });
  if (!plain) {
    element.setAttribute("aria-label", legible(`${group.label}, open ${group.kind}: close`));
    make(element, "path", { class: "gg-ring", d: rectangle(left, top, width, height, CORNER) });
    button(element, down ? left + 13 : left + width - 13, top + 10.5, false);
  }
  return element;
}
function drawName(parent, { left, top, width, down, group }, plain) {
  const inset = plain ? 9 : 25, place = { x: digits(down ? left + inset : left + width - inset), y: digits(top + 13.5), "font-size": 10.5 };
  make(parent, "text", { class: "gg-scope-name", ...place, "text-anchor": down ? "start" : "end" }, group.fit);
}
function drawNode(parent, node, box, overlay, plain) {
  const attributes = { transform: `translate(${digits(box.x)} ${digits(box.y)})` };
  const element = make(parent, "g", plain ? attributes : { ...attributes, class: "gg-node", tabindex: -1, role: "button" });
  make(element, "title", {}, [node.key, ...node.roles, node.members ? node.note : texts[node.facts[8]]].filter(Boolean).join("\n"));
  marked(element, overlay && node.measured ? node.measured[0] : node.plain);
  if (plain) return element;
  const wide = box.width + 8, high = box.height + 8, closed = node.members ? ", closed: open with space" : "";
  make(element, "path", { class: "gg-ring", d: rectangle(-wide / 2, -high / 2, wide, high, 8) });
  element.setAttribute("aria-label", legible([node.type, node.key, ...node.roles].join(", ") + closed));
  if (node.members) {
    element.setAttribute("aria-expanded", "false");
    button(element, -box.width / 2 + 1, box.height / 2 - 1, true);
  }
  return element;
}

/** Draw all into an SVG element; returns the elements by what they show. */
function draw(svg, picture, layout, overlay, plain) {
  const drawn = { nodes: new Map(), regions: new Map(), wires: new Map() };
  const rank = ({ edge }) => (edge.lit === 2 ? 0 : 5) + ["saved", "control", "read", "forward", "cotangent"].indexOf(styleOf(edge));
  const words = specs(layout, overlay);
  make(svg, "path", { class: "gg-paper", d: `M0 0H${digits(layout.width)}V${digits(layout.height + 24)}H0Z` });
  for (const region of layout.regions) drawn.regions.set(region, drawRegion(svg, region, plain));
  captions(svg, picture, layout);
  for (const word of words) if (word.pale) drawn.wires.set(word, drawSpec(svg, word));
  for (const wire of [...layout.wires].sort((a, b) => rank(a) - rank(b))) drawn.wires.set(wire, drawWire(svg, wire));
  for (const word of words) if (!word.pale) drawn.wires.set(word, drawSpec(svg, word));
  for (const region of layout.regions) drawName(svg, region, plain);
  for (const [node, box] of layout.boxes) drawn.nodes.set(node, drawNode(svg, node, box, overlay, plain));
  return drawn;
}
function drawLegend(svg, y) {
  marked(make(svg, "g", { transform: `translate(0 ${digits(y)})` }), data.legend);
}
