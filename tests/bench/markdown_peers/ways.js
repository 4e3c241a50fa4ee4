/** Other ways of showing an answer that grows: each gets a host and shows in it all that was appended so far. */
import { createCodePlugin } from "@streamdown/code";
import { createMathPlugin } from "@streamdown/math";
import DOMPurify from "dompurify";
import highlight from "highlight.js/lib/common";
import { Marked } from "marked";
import { markedHighlight } from "marked-highlight";
import katex from "marked-katex-extension";
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import { Streamdown } from "streamdown";

/** The same window as ours around it: a fixed height, scrolled to its end. */
function inWindow(host) {
  const style = "height: 520px; overflow-y: auto; font: 14px/1.6 sans-serif; width: 720px";
  host.setAttribute("style", style);
  return () => {
    host.scrollTop = host.scrollHeight;
  };
}

/** The whole text through marked and DOMPurify with every update. */
function markedAndDOMPurify(marked) {
  return (host) => {
    const follow = inWindow(host);
    let text = "";
    const draw = () => {
      host.innerHTML = DOMPurify.sanitize(marked.parse(text));
      follow();
    };
    return {
      append: (delta) => {
        text += delta;
        draw();
      },
      finish: draw,
    };
  };
}

const highlighting = markedHighlight({
  langPrefix: "hljs language-",
  highlight: (code, language) => highlight.highlight(code, { language: highlight.getLanguage(language) ? language : "plaintext" }).value,
});

/** streamdown; `plugins` are its own for code (Shiki) and math (KaTeX). */
function streamdown(plugins) {
  return (host) => {
    const follow = inWindow(host);
    const root = createRoot(host);
    let text = "";
    const draw = (isAnimating) => {
      root.render(createElement(Streamdown, { plugins, isAnimating }, text));
      follow();
    };
    return {
      append: (delta) => {
        text += delta;
        draw(true);
      },
      finish: () => draw(false),
    };
  };
}

export default {
  "marked + DOMPurify, plain": markedAndDOMPurify(new Marked()),
  "marked + DOMPurify, code and math": markedAndDOMPurify(new Marked(highlighting, katex({ throwOnError: false, nonStandard: true }))),
  "streamdown, plain": streamdown({}),
  "streamdown, code and math": streamdown({
    code: createCodePlugin(),
    math: createMathPlugin({ singleDollarTextMath: true }),
  }),
};
