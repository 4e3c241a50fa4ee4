/**
 * Pictures in answers: one whose bytes are here is shown, one that lies elsewhere is asked for by a click on a button that names the
 * host, since asking tells that host who reads, and when.
 */
import { element } from "./dom.ts";
import { imageSource } from "./urls.ts";

/** More bytes than this are shown on a click too: decoding them may take the page's memory. */
const LARGE = 8_000_000;

/** Return what stands for a picture. Pictures never come by themselves from another host. */
export function makePicture(address: string, alt: string): HTMLElement {
  const source = imageSource(address);
  if (!source) return element("span", "nolink", alt || "image");
  const frame = element("span", "image");
  const url = "inline" in source ? source.inline : source.remote;
  if ("inline" in source && url.length < LARGE) frame.append(picture(url, alt));
  else {
    const whence =
      "host" in source ? `Load image from ${source.host}` : `Show image (${Math.round(url.length / 1e6)} MB)`;
    offer(frame, url, alt, `${whence}${alt ? `: ${alt}` : ""}`);
  }
  return frame;
}

/** Put the button into the frame, and in its place, once it is clicked, the picture. */
function offer(frame: HTMLElement, url: string, alt: string, label: string): void {
  const button = element("button", "remote-image", label);
  button.type = "button";
  button.addEventListener("click", (event) => {
    event.preventDefault(); // it may stand in a link
    const image = picture(url, alt);
    image.tabIndex = -1;
    image.addEventListener("error", () => offer(frame, url, alt, `${label} (it could not be loaded; try again)`));
    const focused = (button.getRootNode() as ShadowRoot | Document).activeElement === button;
    frame.replaceChildren(image);
    if (focused) image.focus({ preventScroll: true });
  });
  frame.replaceChildren(button);
}

function picture(url: string, alt: string): HTMLImageElement {
  const image = element("img");
  image.alt = alt;
  image.decoding = "async";
  image.referrerPolicy = "no-referrer";
  image.src = url;
  return image;
}
