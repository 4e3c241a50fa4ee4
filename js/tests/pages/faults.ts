/**
 * What is wrong with a page's layout, found in the page itself: text that is cut without a sign, controls that lie over each
 * other or outside, targets that are too small, controls without a name. Serialised into the page: uses nothing from outside.
 */
export function findFaults(): string[] {
  const SMALLEST = 24; // CSS pixels (WCAG 2.5.8)
  const faults: string[] = [];
  const root = document.querySelector(".nbchat-thread, .nbchat-live")?.shadowRoot;
  if (!root) return ["there is no view"];
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width)
    faults.push(`the page scrolls sideways: ${document.documentElement.scrollWidth} > ${width}`);

  const called = (node: Element) => {
    const text = (node.getAttribute("aria-label") ?? node.textContent ?? "").trim().slice(0, 40);
    return `${node.localName}.${node.className} “${text}”`;
  };
  const seen = (node: Element) =>
    node.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true }) &&
    !node.closest(".hidden");
  /** The part of a box that the scrolling boxes around it leave. */
  const shown = (node: Element) => {
    let { left, top, right, bottom } = node.getBoundingClientRect();
    for (let at = node.parentElement; at; at = at.parentElement) {
      const { overflowX, overflowY } = getComputedStyle(at);
      const box = at.getBoundingClientRect();
      if (overflowX !== "visible") [left, right] = [Math.max(left, box.left), Math.min(right, box.right)];
      if (overflowY !== "visible") [top, bottom] = [Math.max(top, box.top), Math.min(bottom, box.bottom)];
    }
    return { left, top, right, bottom, empty: right - left < 1 || bottom - top < 1 };
  };

  const controls = [...root.querySelectorAll("button, a[href], input, textarea, select, summary, [tabindex='0']")];
  const visible = controls.filter((each) => seen(each) && !shown(each).empty);
  for (const node of visible) {
    const box = node.getBoundingClientRect();
    const scrolls = node.matches(".log, pre, .table, [role=listbox]");
    if (!scrolls && (box.left < -0.5 || box.right > width + 0.5)) {
      const inside = shown(node);
      if (inside.left < -0.5 || inside.right > width + 0.5) faults.push(`${called(node)} is outside the page`);
    }
    // a link in a text is as high as its line, and a box that cannot be ticked is no target
    const exempt = node.matches(".markdown a, input:disabled, input.title-box") || scrolls;
    if (!exempt && (box.width < SMALLEST - 0.5 || box.height < SMALLEST - 0.5) && !spaced(node))
      faults.push(`${called(node)} is too small to touch: ${box.width.toFixed(0)} x ${box.height.toFixed(0)}`);
  }
  /** Undersized is fine where a circle of 24 px around the middle meets no other target (2.5.8, spacing). */
  function spaced(node: Element): boolean {
    const middle = (box: DOMRect) => ({ x: box.left + box.width / 2, y: box.top + box.height / 2 });
    const own = middle(node.getBoundingClientRect());
    return visible.every((other) => {
      if (other === node || other.contains(node) || node.contains(other)) return true;
      const box = other.getBoundingClientRect();
      const x = Math.max(box.left - own.x, 0, own.x - box.right);
      const y = Math.max(box.top - own.y, 0, own.y - box.bottom);
      return Math.hypot(x, y) >= SMALLEST / 2;
    });
  }

  // what is on top at a control's middle is the control
  for (const node of visible.filter((each) => each.matches("button, input, textarea, summary"))) {
    const { left, top, right, bottom } = shown(node);
    const [x, y] = [(left + right) / 2, (top + bottom) / 2];
    if (y < 0 || y > innerHeight || x < 0 || x > innerWidth) continue;
    const hit = root.elementFromPoint(x, y);
    const covered =
      hit && hit !== node && !node.contains(hit) && !hit.contains(node) && !hit.closest("label")?.contains(node);
    if (covered && !hit.closest("[role=listbox], [role=dialog], dialog, [role=menu], .menu, .drawer, .pill"))
      faults.push(`${called(node)} lies under ${called(hit)}`);
  }

  // text that does not fit is either wrapped, scrolled, or cut with an ellipsis and a title
  for (const node of root.querySelectorAll<HTMLElement>("*")) {
    if (!seen(node) || node.closest("math, svg")) continue;
    const { overflowX, textOverflow } = getComputedStyle(node);
    const cut = node.scrollWidth > node.clientWidth + 1 && node.clientWidth > 0;
    if (cut && overflowX === "hidden" && textOverflow !== "ellipsis") faults.push(`${called(node)} is cut`);
  }
  return [...new Set(faults)];
}
