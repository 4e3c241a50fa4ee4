/** The panel's own styles, in the host's colours; the thread in it brings its own. */
export const STYLE = `
.nbchat-panel { display: flex; flex-direction: column; background: var(--jp-layout-color1); color: var(--jp-ui-font-color1);
  font: var(--jp-ui-font-size1) var(--jp-ui-font-family); }
/* JupyterLab's own rule for what stands in a side bar names it by its id; Notebook gives its panels a share of the page */
.jp-LabShell #jp-right-stack > #nbchat-panel { min-width: 320px; }
.nbchat-panel-head { flex: none; max-height: 35%; overflow: auto; padding: 8px; border-bottom: 1px solid var(--jp-border-color2); }
.nbchat-panel-head p { margin: 4px 4px 8px; line-height: 1.4; }
.nbchat-panel-bar { display: flex; align-items: center; justify-content: space-between; }
.nbchat-panel-bar h2 { margin: 0 4px; font-size: inherit; font-weight: 600; }
.nbchat-panel-head ul { margin: 6px 0 0; padding: 0; list-style: none; }
.nbchat-panel-head button { font: inherit; color: inherit; cursor: pointer; padding: 4px 8px; border-radius: 4px;
  border: 1px solid var(--jp-border-color1); background: var(--jp-layout-color1); }
.nbchat-panel-head li button { display: flex; gap: 8px; align-items: baseline; width: 100%; border-color: transparent; text-align: start; }
.nbchat-panel-head button:hover, .nbchat-panel-head [aria-current="true"] { background: var(--jp-layout-color2); }
.nbchat-panel-head [aria-current="true"] { font-weight: 600; }
.nbchat-panel-head :focus-visible { outline: 2px solid var(--jp-brand-color1); outline-offset: -1px; }
.nbchat-panel-title { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.nbchat-panel-status, .nbchat-panel-cost { flex: none; color: var(--jp-ui-font-color2); }
.nbchat-panel-view { flex: 1; min-height: 0; overflow: auto; padding: 6px; --nbchat-height: 100%; }
.nbchat-panel-view :has(.nbchat-thread), .nbchat-panel-view .nbchat-thread { height: 100%; box-sizing: border-box; margin: 0; }
`;
