// The mouse, the keys and the buttons.

let grip = null;
stage.addEventListener("wheel", event => {
  event.preventDefault();
  const box = stage.getBoundingClientRect(), step = event.deltaMode ? 30 : 1;
  zoom(Math.exp(event.deltaY * step * 0.0015), (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
}, { passive: false });
stage.addEventListener("pointerdown", event => {
  if (event.button === 0) grip = { x: event.clientX, y: event.clientY, moved: false };
});
window.addEventListener("pointermove", event => {
  if (!grip) return;
  const dx = event.clientX - grip.x, dy = event.clientY - grip.y;
  if (!grip.moved && Math.hypot(dx, dy) < 4) return;
  stage.classList.add("moving");
  view.x -= dx * view.w / stage.clientWidth;
  view.y -= dy * view.h / stage.clientHeight;
  grip = { x: event.clientX, y: event.clientY, moved: true };
  show();
});
window.addEventListener("pointerup", event => {
  stage.classList.remove("moving");
  const click = grip && !grip.moved && stage.contains(event.target);
  grip = null;
  if (!click) return;
  const element = event.target.closest("[data-id]");
  if (element && event.target.closest(".gg-button")) swap(element, event.shiftKey);
  else if (element?.matches(".gg-node")) { focusOn(element.dataset.id); choose(element.dataset.id, event.shiftKey); }
  else clear();
});
stage.addEventListener("dblclick", event => {
  const element = event.target.closest(".gg-node");
  if (element && !event.target.closest(".gg-button") && nodeOf(element.dataset.id)?.members) swap(element, event.shiftKey);
});

/** Open or close what an element shows. */
function swap(element, deep) {
  const node = nodeOf(element.dataset.id);
  if (node?.members) return toggle(node.group, deep, node.lane % 2 === 0);
  const [number, down] = element.dataset.id.slice(1).split(" ");
  if (!node) toggle(+number, false, down === "true");
}
function focusOn(id) {
  const element = [...svg.querySelectorAll("[data-id]")].find(each => each.dataset.id === id);
  if (!element) return;
  svg.querySelector("[tabindex='0']")?.setAttribute("tabindex", -1);
  element.setAttribute("tabindex", 0);
  element.focus({ preventScroll: true });
}

// -- keys -------------------------------------------------------------------------------------------
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
function places() {
  const found = [...state.drawn.nodes].map(([node, element]) => [element, state.layout.boxes.get(node)]);
  for (const [{ left, top, width, down }, element] of state.drawn.regions) found.push([element, { x: down ? left + 13 : left + width - 13, y: top + 10 }]);
  return found;
}
/** From where the focus is to the nearest thing in a direction. */
function step([dx, dy]) {
  const every = places(), here = every.find(([element]) => element === document.activeElement)?.[1];
  if (!here) return;
  let best = null, least = Infinity;
  for (const [element, place] of every) {
    const along = (place.x - here.x) * dx + (place.y - here.y) * dy, aside = Math.abs((place.x - here.x) * dy) + Math.abs((place.y - here.y) * dx);
    if (along > 1 && along + 3 * aside < least) { best = [element, place]; least = along + 3 * aside; }
  }
  if (!best) return;
  focusOn(best[0].dataset.id);
  bring(best[1]);
}
stage.addEventListener("keydown", event => {
  const element = event.target.closest("[data-id]");
  if (!element || event.ctrlKey || event.metaKey || event.altKey) return;
  const node = nodeOf(element.dataset.id), around = node?.within[node.within.length - 1];
  if (ARROWS[event.key]) step(ARROWS[event.key]);
  else if (event.key === "Enter" && node) choose(node.id, event.shiftKey);
  else if (event.key === " " || event.key === "Enter") { if (!node || node.members) swap(element, event.shiftKey); }
  else if (event.key === "Backspace" && around !== undefined) toggle(around, false, node.lane % 2 === 0);
  else return;
  event.preventDefault();
});
window.addEventListener("keydown", event => {
  if (event.target.matches("input, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  const then = {
    "/": () => search.focus(), Escape: escape, f: fit, "+": () => zoom(0.8), "=": () => zoom(0.8), "-": () => zoom(1.25),
    e: () => open(level()), c: () => open(closed()),
  }[event.key];
  if (then) { event.preventDefault(); then(); }
});
function escape() {
  document.getElementById("warning").hidden = true;
  clear();
}

// -- search and buttons -----------------------------------------------------------------------------
search.addEventListener("input", look_up);
search.addEventListener("keydown", event => {
  if (event.key === "Escape") { search.value = ""; look_up(); search.blur(); }
  if (event.key === "Enter") next(event.shiftKey ? -1 : 1);
});
mode.addEventListener("change", () => { state.anchor = mode.value === "path" ? state.chosen : ""; tell(); });
overlay.addEventListener("change", () => { repaint(); });
const on = (id, then) => document.getElementById(id).addEventListener("click", then);
on("more", () => open(level()));
on("all", () => open(every()));
on("less", () => open(closed()));
on("fit", fit);
on("in", () => zoom(0.8));
on("out", () => zoom(1.25));
on("save", () => {
  const picture = make(null, "svg", {
    xmlns: SVG, width: digits(state.layout.width), height: digits(state.layout.height + 24),
    viewBox: `0 0 ${digits(state.layout.width)} ${digits(state.layout.height + 24)}`, "font-family": data.font,
  });
  make(picture, "title", {}, data.title);
  make(picture, "style", {}, data.styles);
  draw(picture, state.picture, state.layout, overlay.checked, true);
  drawLegend(picture, state.layout.height);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(picture)], { type: "image/svg+xml" }));
  link.download = "graph.svg";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
});
let size = null;
new ResizeObserver(() => {  // what is seen keeps its size and its upper left corner
  if (size) { view.w *= stage.clientWidth / size[0] || 1; view.h *= stage.clientHeight / size[1] || 1; show(); }
  size = [stage.clientWidth || 1, stage.clientHeight || 1];
}).observe(stage);

// -- the beginning ----------------------------------------------------------------------------------
document.getElementById("measured").hidden = !leaves.some(leaf => leaf.measured);
if (groups.every(group => group.kind === "root")) for (const id of ["more", "all", "less"]) document.getElementById(id).disabled = true;
redraw();
begin();
tell();
drawLegend(make(document.getElementById("legend"), "svg", { height: 18, viewBox: "28 0 1400 16", preserveAspectRatio: "xMinYMid", class: "gg", "font-family": data.font }), 4);
performance.mark("drawn");
globalThis.page = { state, groups, leaves, open, toggle, choose, reveal, level, every, closed };  // for the console, and for tests
