/**
 * Control: a second way to the kernel, for what must get through while a cell runs.
 *
 * A kernel without subshells (ipykernel 6) hears comm messages only between cells, but its control channel at once.
 * JupyterLab lets a page use it through the widget manager's kernel; other hosts do not, and nothing happens there. What is
 * sent both ways must do no harm when it comes twice.
 */
import type { Model } from "./model.ts";
import { randomId } from "./registry.ts";
import type { Outgoing } from "./wire/protocol.ts";

/** The part of JupyterLab's kernel connection that is used; any of it may be missing. */
export interface Kernel {
  clientId?: string;
  username?: string;
  status?: string;
  connectionStatus?: string;
  statusChanged?: HostSignal;
  connectionStatusChanged?: HostSignal;
  sendControlMessage?: (message: unknown, expectReply: boolean, disposeOnDone: boolean) => unknown;
}

interface HostSignal {
  connect(slot: () => void): unknown;
  disconnect(slot: () => void): unknown;
}

/** A model whose host lets a page see its kernel. */
export interface Managed {
  widget_manager?: { kernel?: Kernel | null };
}

/** Send a comm message on the control channel, where there is one. */
export function sendOnControl(model: Model, content: Outgoing): void {
  const kernel = (model as Managed).widget_manager?.kernel;
  const comm = model.get("comm_id");
  if (typeof kernel?.sendControlMessage !== "function" || typeof comm !== "string" || !comm) return;
  const header = {
    msg_id: randomId(),
    msg_type: "comm_msg",
    session: kernel.clientId ?? "",
    username: kernel.username ?? "",
    date: new Date().toISOString(),
    version: "5.3",
  };
  const body = { comm_id: comm, data: { method: "custom", content } };
  const message = { header, parent_header: {}, metadata: {}, content: body, buffers: [], channel: "control" };
  try {
    kernel.sendControlMessage(message, false, true);
  } catch {
    // a connection that is just being lost: the usual way has the message too
  }
}
