"""How an exported page looks: light and dark by the reader's system, and on paper. No font, image or script is fetched."""

from __future__ import annotations

__all__ = ["STYLE"]

STYLE = """
:root { color-scheme: light dark; --bg: #fff; --fg: #1d2329; --muted: #59636e; --line: #d9dee4; --soft: #f4f6f8;
  --bubble: #e8f0fe; --accent: #1f62c4; --error: #9b1c12; --error-bg: #fdf1f0; --error-line: #edb7b1; }
@media (prefers-color-scheme: dark) { :root { --bg: #16181c; --fg: #e3e7ec; --muted: #9aa5b1; --line: #363c44; --soft: #1f2329;
  --bubble: #1e2d47; --accent: #7fb2ff; --error: #ffb3ab; --error-bg: #321a19; --error-line: #6e322d; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--fg); overflow-wrap: anywhere;
  font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { max-width: 48rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: .95rem; margin: 0 0 .5rem; display: flex; flex-wrap: wrap; gap: .15rem .6rem; align-items: baseline; }
h3 { font-size: 1.2rem; } h4 { font-size: 1.08rem; } h5, h6 { font-size: 1rem; }
h3, h4, h5, h6 { line-height: 1.3; margin: 1.4rem 0 .5rem; }
p, ul, ol, blockquote, figure, .scroll { margin: .7rem 0; }
.note, h2 small, footer, summary, figcaption { color: var(--muted); font-size: .82rem; font-weight: 400; }
.note { margin: 0 0 .25rem; }
article { margin: 1.75rem 0; }
article.user { background: var(--bubble); border-radius: .75rem; padding: .8rem 1rem; }
article.hidden { background: none; border: 1px dashed var(--muted); border-radius: .75rem; padding: .8rem 1rem; }
.body > :first-child { margin-top: 0; } .body > :last-child { margin-bottom: 0; }
.plain { white-space: pre-wrap; }
a { color: var(--accent); }
code, pre { font: .875em/1.5 ui-monospace, "SFMono-Regular", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
code { background: var(--soft); border-radius: .3rem; padding: .1em .35em; }
pre { margin: 0; padding: .8rem 1rem; overflow-x: auto; overflow-wrap: normal; }
pre code { background: none; padding: 0; font-size: 1em; }
figure.code { background: var(--soft); border: 1px solid var(--line); border-radius: .5rem; }
figcaption { padding: .25rem 1rem; border-bottom: 1px solid var(--line); }
blockquote { border-left: 3px solid var(--line); padding-left: 1rem; color: var(--muted); }
ul, ol { padding-left: 1.6rem; }
hr { border: 0; border-top: 1px solid var(--line); margin: 1.5rem 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .94em; overflow-wrap: normal; }
th, td { border: 1px solid var(--line); padding: .35rem .7rem; text-align: left; vertical-align: top; }
th { background: var(--soft); } .center { text-align: center; } .right { text-align: right; }
.math { font-family: "STIX Two Math", "Cambria Math", "Latin Modern Math", Georgia, serif; white-space: pre-wrap; }
.display { display: block; margin: .7rem 0; text-align: center; }
details { border: 1px solid var(--line); border-radius: .5rem; padding: .4rem 1rem; margin: .7rem 0; }
summary { cursor: pointer; } details[open] summary { margin-bottom: .4rem; }
details figure.code { margin: .4rem 0; }
img { max-width: 100%; height: auto; border-radius: .5rem; }
.error { background: var(--error-bg); color: var(--error); border: 1px solid var(--error-line); border-radius: .5rem;
  padding: .5rem 1rem; }
footer { margin-top: .6rem; }
@media print {
  :root { color-scheme: light; --bg: #fff; --fg: #000; --muted: #444; --line: #bbb; --soft: #f6f6f6; --bubble: #f1f4f9;
    --accent: #000; --error: #7a120b; --error-bg: #fff; --error-line: #7a120b; }
  body { font-size: 10.5pt; } main { max-width: none; padding: 0; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; } .scroll { overflow: visible; }
  h1, h2, h3, h4, h5, h6, figcaption, summary { break-after: avoid; } tr, img { break-inside: avoid; }
  a[href]::after { content: " (" attr(href) ")"; font-size: .85em; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
"""
