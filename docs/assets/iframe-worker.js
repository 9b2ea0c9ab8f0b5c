// A page that is opened from disk may start no worker, so its search runs in a hidden frame, in the worker's place.
if (location.protocol === "file:") {
  window.Worker = window.IFrameWorker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.body.appendChild(document.createElement("iframe"));
      frame.hidden = true;
      this.inside = frame.contentWindow;
      this.ready = new Promise((resolve) => { frame.onload = resolve; });
      frame.contentDocument.open();
      frame.contentDocument.write(
        `<script>postMessage = (message) => parent.postMessage(message, "*")</script><script src="${url}"></script>`
      );
      frame.contentDocument.close();
      addEventListener("message", ({ source, data }) => {
        if (source === this.inside) this.dispatchEvent(new MessageEvent("message", { data }));
      });
    }

    postMessage(message) {
      this.ready.then(() => this.inside.dispatchEvent(new MessageEvent("message", { data: message })));
    }
  };
}
