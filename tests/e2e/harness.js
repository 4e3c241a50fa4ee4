// Put into each page before JupyterLab loads: the tests' hands in the application (`__lab`), and a gate on the kernel's
// websocket that counts comm messages and drops some, where no part of the application can notice (`__wire`).
(() => {
  const wire = { messages: 0, bytes: 0, dropped: 0, loss: 0, seed: 1 }
  window.__wire = wire

  // a small linear generator: the same seed drops the same messages of the same sequence
  const random = () => {
    wire.seed = (wire.seed * 1103515245 + 12345) % 2147483648
    return wire.seed / 2147483648
  }

  // the binary framing of Jupyter's v1 protocol: a count of offsets, the offsets (each 8 bytes), channel, header, ...
  const kindOf = (data) => {
    if (!(data instanceof ArrayBuffer)) {
      const message = JSON.parse(data)
      return { channel: message.channel, type: message.header.msg_type, size: data.length }
    }
    const view = new DataView(data)
    const offset = (i) => Number(view.getBigUint64(8 * (i + 1), true))
    const text = (i) => new TextDecoder().decode(data.slice(offset(i), offset(i + 1)))
    return { channel: text(0), type: JSON.parse(text(1)).msg_type, size: data.byteLength }
  }

  const gate = (event) => {
    const { channel, type, size } = kindOf(event.data)
    if (channel !== 'iopub' || type !== 'comm_msg') return
    if (wire.loss > 0 && random() < wire.loss) {
      wire.dropped += 1
      event.stopImmediatePropagation()
      return
    }
    wire.messages += 1
    wire.bytes += size
  }

  window.WebSocket = class extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols)
      if (String(url).includes('/channels')) this.addEventListener('message', gate)
    }
  }

  const panel = (path) => {
    for (const widget of window.jupyterapp?.shell.widgets('main') ?? [])
      if (widget.context?.path === path && widget.sessionContext) return widget
    return null
  }
  const kernel = (path) => panel(path)?.sessionContext.session?.kernel ?? null

  window.__lab = {
    panel,
    kernel,

    // the notebook and its kernel are connected (asked again and again)
    connected: (path) => kernel(path)?.connectionStatus === 'connected',

    // open a notebook in a page that shows none
    async open(path) {
      await window.jupyterapp.commands.execute('docmanager:open', { path })
    },

    // close everything and forget all; returns how the page stands, in which one that can be used again is like a new one
    async clear() {
      const { shell } = window.jupyterapp
      for (const widget of [...shell.widgets('main')]) widget.dispose()
      Object.assign(wire, { messages: 0, bytes: 0, dropped: 0, loss: 0, seed: 1 })
      delete globalThis[Symbol.for('nbchat/1')]
      document.getElementById('nbchat-transcripts')?.remove()
      localStorage.clear()
      getSelection().removeAllRanges()
      return JSON.stringify({
        // one that was loaded anew goes on opening what it showed
        loaded: performance.getEntriesByType('navigation')[0].type,
        theme: document.body.dataset.jpThemeName,
        mode: shell.mode,
        left: [...shell.widgets('left')].filter((widget) => widget.isVisible).map((widget) => widget.id),
        right: [...shell.widgets('right')].filter((widget) => widget.isVisible).map((widget) => widget.id),
        over: document.querySelectorAll('.jp-Dialog, .lm-Menu, .Toastify__toast').length,
      })
    },

    // all cells are in the page's model, and the kernel has said what it is
    async ready(path) {
      await panel(path).context.ready
      await panel(path).sessionContext.ready
      await kernel(path).info
    },

    // start a cell as Shift+Enter would; resolves when the request has left, `done` of its promise is kept for `settled`
    run(path, index) {
      const { content } = panel(path)
      window.jupyterapp.shell.activateById(panel(path).id)
      content.activeCellIndex = index
      content.deselectAll()
      window.__ran = window.jupyterapp.commands.execute('notebook:run-cell')
    },
    runAll(path) {
      window.jupyterapp.shell.activateById(panel(path).id)
      window.__ran = window.jupyterapp.commands.execute('notebook:run-all-cells')
    },
    settled: () => window.__ran,

    // run code beside the cells; returns what it printed, and its traceback where it failed
    async exec(path, code) {
      const future = kernel(path).requestExecute({ code, store_history: false, stop_on_error: false })
      const out = { text: '', error: '' }
      future.onIOPub = ({ header, content }) => {
        if (header.msg_type === 'stream') out.text += content.text
        if (header.msg_type === 'error') out.error = content.traceback.join('\n')
      }
      await future.done
      return out
    },

    // the text of the last answer in every view, at this moment
    lastAnswers: (view, answer) =>
      [...document.querySelectorAll(view)].map((host) => {
        const found = [...(host.shadowRoot ?? host).querySelectorAll(answer)]
        return found.length ? found[found.length - 1].textContent.trim() : ''
      }),

    // note them after each frame's drawing work was done, until `watched` takes the notes
    watch(view, answer) {
      const frames = []
      window.__frames = frames
      const look = () => {
        if (window.__frames !== frames) return
        setTimeout(() => frames.push(window.__lab.lastAnswers(view, answer)))
        requestAnimationFrame(look)
      }
      look()
    },
    watched() {
      const frames = window.__frames
      window.__frames = null
      return frames
    },

    async save(path) {
      await panel(path).context.save()
    },

    async theme(name) {
      await window.jupyterapp.commands.execute('apputils:change-theme', { theme: name })
    },
  }
})()
