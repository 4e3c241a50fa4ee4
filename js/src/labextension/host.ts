/**
 * What the labextension uses of JupyterLab and Notebook: the small part of their interfaces, by shape alone, and the modules
 * of their share scope. Nothing of the hosts is compiled in, so one file works in all their versions that have these.
 */

export interface Signal<Sender, Args> {
  connect(slot: (sender: Sender, args: Args) => void): boolean;
  disconnect(slot: (sender: Sender, args: Args) => void): boolean;
}

export interface Message {
  header: { msg_type: string };
  parent_header: { msg_id?: string };
  content: Record<string, unknown>;
}

export interface Comm {
  onMsg: (message: Message) => void;
  onClose: (message: Message) => void;
  open(): unknown;
  send(data: unknown): unknown;
  close(): unknown;
  readonly isDisposed: boolean;
  /** Settled when the comm has a subshell of the kernel, by which it is heard while a cell runs. */
  readonly subshellStarted?: Promise<unknown>;
}

export interface Kernel {
  readonly supportsSubshells?: boolean;
  readonly id: string;
  readonly info: Promise<{ language_info?: { name?: string } }>;
  readonly statusChanged: Signal<Kernel, string>;
  readonly iopubMessage: Signal<Kernel, Message>;
  createComm(target: string): Comm;
}

/** A Lumino widget. */
export interface Widget {
  id: string;
  readonly node: HTMLElement;
  readonly title: { label: string; caption: string; icon: unknown };
  readonly isVisible: boolean;
  readonly isDisposed: boolean;
  addClass(name: string): void;
  dispose(): void;
  onAfterShow(message: unknown): void;
}

export interface Panel extends Widget {
  addWidget(widget: Widget): void;
}

export interface MimeRenderer extends Widget {
  renderModel(model: unknown): Promise<void>;
}

export interface Cell {
  readonly model: {
    readonly id: string;
    readonly type: string;
    readonly sharedModel: { getSource(): string };
    readonly outputs?: Outputs;
  };
  readonly ready: Promise<void>;
  readonly editor: { setCursorPosition(place: { line: number; column: number }): void } | null;
  readonly outputArea?: { readonly node: HTMLElement };
}

export interface Outputs {
  toJSON(): { output_type: string; ename?: string; evalue?: string; traceback?: string[] }[];
}

export interface NotebookPanel extends Widget {
  /** The same object that the notebook's widget manager has. */
  readonly context: unknown;
  readonly content: {
    readonly widgets: readonly Cell[];
    activeCellIndex: number;
    mode: "command" | "edit";
    readonly activeCell: Cell | null;
    readonly model: { readonly sharedModel: { insertCell(index: number, cell: unknown): void } } | null;
    readonly rendermime: { createRenderer(mimeType: string): MimeRenderer };
    deselectAll(): void;
    scrollToItem?(index: number): Promise<void>;
  };
  readonly sessionContext: {
    readonly session: { readonly kernel: Kernel | null } | null;
    readonly kernelChanged: Signal<unknown, unknown>;
  };
  readonly disposed: Signal<unknown, unknown>;
}

/** What runs cells as the application's own commands do: with its signals, dialogs, timing and history. */
export interface NotebookActions {
  runCells?(notebook: unknown, cells: readonly Cell[], session: unknown): Promise<boolean>;
}

export interface Tracker {
  find(fits: (notebook: NotebookPanel) => boolean): NotebookPanel | undefined;
  readonly currentWidget: NotebookPanel | null;
  readonly currentChanged: Signal<unknown, NotebookPanel | null>;
  readonly activeCellChanged: Signal<unknown, unknown>;
}

export interface Command {
  label: string;
  caption?: string;
  execute: () => unknown;
  isEnabled?: () => boolean;
  isVisible?: () => boolean;
}

export interface App {
  readonly commands: {
    addCommand(id: string, command: Command): unknown;
    addKeyBinding(binding: { command: string; keys: string[]; selector: string }): unknown;
    execute(id: string): Promise<unknown>;
    notifyCommandChanged(id?: string): void;
  };
  readonly contextMenu: { addItem(item: { command: string; selector: string; rank: number }): unknown };
  readonly shell: {
    add(widget: Widget, area: string, options?: { rank?: number }): void;
    activateById(id: string): void;
  };
}

export interface Palette {
  addItem(item: { command: string; category: string }): unknown;
}

export interface MainMenu {
  runMenu: { addGroup(items: { command: string }[], rank?: number): unknown };
}

export interface Restorer {
  add(widget: Widget, name: string): void;
}

/** webpack's share scope: each package's versions, each with a way to its module. */
export type ShareScope = Record<string, Record<string, { get: () => Promise<() => unknown> }> | undefined>;

/** The host's own copy of a package; raises Error when it has none. */
export async function shared(scope: ShareScope, name: string): Promise<Record<string, unknown>> {
  const [version] = Object.values(scope[name] ?? {});
  if (!version) throw new Error(`nbchat: the host shares no ${name}`);
  return (await version.get())() as Record<string, unknown>;
}
