// What is told of a node, and of the whole graph.

const panel = document.getElementById("panel");
const KIND = { forward: "operation", adjoint: "vector-Jacobian product", sum: "sum of cotangents", gradient: "gradient, a result" };
const EDGE = { forward: "reads", saved: "needs", cotangent: "cotangent", seed: "starts from" };
const MARKED = [
  ["x", "With respect to"], ["y", "Gradient of"], ["unconnected", "Unconnected: their gradient is None"],
  ["stop", "Stopped by stop_gradients"], ["stop_gradient", "Stopped by stop_gradient"], ["no_grad", "Recorded under no_grad"],
  ["integer", "Cut: integers are constants"], ["no derivative", "Cut: no derivative"],
];
const KEYS = [
  ["click", "what a node is, reads and gives"], ["⊕ ⊖, double click", "open or close a scope or fold; with shift all in it"],
  ["tab, arrows", "to the picture, from node to node"], ["enter", "as a click"], ["space", "open or close; backspace closes around"],
  ["e  c", "open a level, close all"], ["/  enter", "search, next found"], ["f  +  -", "fit, zoom; wheel and drag, too"], ["esc", "no highlight"],
];

function add(parent, tag, text, cls) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = legible(text);
  if (cls) element.className = cls;
  parent.append(element);
  return element;
}
function act(parent, text, then) {
  const element = add(parent, "button", text);
  element.addEventListener("click", then);
  return element;
}
/** A list of nodes of the whole graph, each a button that leads to it; `items` are [index, remark]. */
function list(title, items, limit = 100) {
  if (!items.length) return;
  add(panel, "h3", items.length > 1 ? `${title} (${items.length})` : title);
  const lines = add(panel, "ul");
  for (const [index, remark] of items.slice(0, limit)) {
    const line = act(add(lines, "li"), `${leaves[index].key} `, () => reveal(index));
    if (remark) add(line, "small", remark);
  }
  if (items.length > limit) add(panel, "p", `… and ${items.length - limit} more`, "quiet");
}

function describe(node, reach) {
  panel.replaceChildren();
  add(panel, "h2", node.members ? node.type : node.key);
  add(panel, "p", node.members ? `${node.key}: ${node.note}` : `${node.type}, ${KIND[node.kind]}`, "quiet");
  for (const role of node.roles) add(panel, "span", role, "role");
  const reached = node.roles.includes("x") && !node.roles.includes("unconnected");  // it ends there
  if (!node.onPath && !reached) add(panel, "p", "No gradient passes through it.");
  const actions = add(panel, "div", undefined, "actions");
  if (node.members) {
    act(actions, "Open", () => toggle(node.group));
    if (groups[node.group].inner.length) act(actions, "Open all in it", () => toggle(node.group, true));
  }
  const around = node.within[node.within.length - 1];
  if (around !== undefined) act(actions, `Close ${groups[around].label}`, () => toggle(around));
  if (node.measured) reading(node.measured);
  const [outputs, where, call, told] = node.members ? ["", "", "", ""] : node.facts.slice(8).map(fact => texts[fact]);
  if (told) { add(panel, "h3", "Why"); add(panel, "pre", told, "told"); }
  if (outputs) { add(panel, "h3", "Gives"); add(panel, "p", outputs); }
  if (where) {
    add(panel, "h3", node.kind === "forward" ? "Your line" : "Your line (of the operation that it differentiates)");
    add(panel, "pre", where);
    add(panel, "pre", call);
  }
  add(panel, "p", reach, "quiet").id = "reach";
  beside(node);
  panel.scrollTop = 0;
}
function reading([, text, alarm, detail]) {
  add(panel, "h3", "Measured");
  add(panel, "pre", [[texts[text], texts[alarm] && `(${texts[alarm]})`].filter(Boolean).join(" "), texts[detail]].filter(Boolean).join("\n"),
    texts[alarm] ? "reading alarm" : "reading");
}
function beside(node) {
  const own = new Set(node.members ?? [node.index]), reads = [], readers = [];
  for (const index of own) {
    for (const edge of into[index]) if (!own.has(edge.source)) reads.push([edge.source, remark(edge)]);
    for (const edge of outOf[index]) if (!own.has(edge.target)) readers.push([edge.target, remark(edge)]);
  }
  list("Reads", reads);
  list("Read by", readers);
  if (node.members) list("Inside", node.members.map(index => [index, leaves[index].type]), 200);
}
function remark({ source, kind, control, value, spec }) {
  const what = value === `${leaves[source].key}:0` || value.startsWith("d(") ? "" : `${value}  `;
  return `${control ? "runs after" : EDGE[kind] ?? kind}  ${what}${spec}`.trimEnd();
}

function overview(count) {
  panel.replaceChildren();
  add(panel, "h2", data.title);
  add(panel, "p", `${leaves.length} nodes` + (count < leaves.length ? `, drawn as ${count}` : "") + ".", "quiet");
  if (leaves.some(leaf => leaf.kind !== "forward")) {
    add(panel, "p", "Forward operations run down on the left; each one's vector-Jacobian product stands at its height on the right, "
      + "and the gradient comes back up.");
  }
  for (const [role, title] of MARKED) {
    const marked = leaves.filter(leaf => leaf.roles.includes(role) && !(role === "x" && leaf.roles.includes("unconnected")));
    list(title, marked.map(leaf => [leaf.index, texts[leaf.facts[8]]]), 40);
  }
  add(panel, "h3", "Keys and mouse");
  const keys = add(panel, "dl");
  for (const [key, what] of KEYS) { add(keys, "dt", key); add(keys, "dd", what); }
}
/** Open this? A question in the page, with what can be done instead. */
function warn(count, answers) {
  const warning = document.getElementById("warning");
  warning.replaceChildren();
  warning.hidden = false;
  add(warning, "p", `This would draw ${count.toLocaleString("en")} nodes; more than ${BUDGET.toLocaleString("en")} may be slow.`);
  for (const [text, then] of [...answers, ["Cancel", () => {}]]) act(warning, text, () => { warning.hidden = true; then(); });
  warning.querySelector("button").focus();
}
