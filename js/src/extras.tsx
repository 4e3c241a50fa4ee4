/** extras.js: what is opened on demand, and needs not be there when a thread is first drawn. */

export { filesOf } from "./attach/draft_files.ts";
export { languages } from "./highlight/more/languages.ts";
export { insertBelow, replaceAbove } from "./hosts/insert.ts";
export { styles } from "./styles/extras_sheet.ts";
export { AlsoOpen } from "./views/also.tsx";
export { Approvals } from "./views/approvals.tsx";
export { Attached } from "./views/attached.tsx";
export { BreakdownPanel } from "./views/breakdown.tsx";
export { Chips, DropMark } from "./views/chips.tsx";
export { Drawer } from "./views/drawer.tsx";
export { Editor } from "./views/editor.tsx";
export { Facts } from "./views/facts.tsx";
export { BusyDot, KernelLine } from "./views/kernel.tsx";
export { Menu } from "./views/model_menu.tsx";
export { MoreMenu } from "./views/more_menu.tsx";
export { recallOf } from "./views/recall.ts";
export { askToRun } from "./views/run.tsx";
export { Shorten } from "./views/shorten.tsx";
export { tableCopy } from "./views/tables.ts";
export { Toast } from "./views/toast.tsx";
export { ToolDetails, ToolText } from "./views/tool_details.tsx";
export { UndoBar } from "./views/undo.tsx";
export { Unfolded, unfold } from "./views/unfolded.tsx";
export { Viewer } from "./views/viewer.tsx";
