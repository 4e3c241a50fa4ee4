/**
 * Puts a menu beside its button in the top layer, where no scrolling output area of the host can cut it off: below the button,
 * or above it where there is more room, and always inside the window.
 */

const GAP = 5;
const EDGE = 8;

/** Show `menu` at `button` and keep it there, where that ends or, with `begin`, where it begins; returns how to stop. */
export function placeMenu(menu: HTMLElement, button: HTMLElement, begin = false): () => void {
  menu.showPopover?.();
  const place = () => {
    const at = button.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = menu;
    const below = innerHeight - at.bottom - GAP - EDGE;
    const top = height <= below || below >= at.top ? at.bottom + GAP : at.top - GAP - height;
    menu.style.top = `${Math.max(EDGE, top)}px`;
    const right = Math.min(begin ? at.left + width : at.right, innerWidth - EDGE);
    menu.style.left = `${Math.max(EDGE, right - width)}px`;
  };
  place();
  const observer = new ResizeObserver(place);
  observer.observe(menu);
  addEventListener("scroll", place, { capture: true, passive: true });
  addEventListener("resize", place);
  return () => {
    observer.disconnect();
    removeEventListener("scroll", place, { capture: true });
    removeEventListener("resize", place);
  };
}
