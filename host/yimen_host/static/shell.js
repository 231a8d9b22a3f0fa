// The portal's end of the bridge: shows one mini-app in a frame and answers its calls over a MessagePort.
(() => {
  "use strict";
  const RATE = 40; // calls a second; beyond that the port is closed
  const stage = document.getElementById("stage");
  const title = document.getElementById("title");
  const toast = document.getElementById("toast");
  const origin = stage.dataset.origin;
  const ok = (data = null) => ({ status: 200, data });
  const no = (status, code, message) => ({ status, error: { code, message, retryable: false } });

  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts allow-same-origin allow-forms allow-downloads");
  frame.setAttribute("referrerpolicy", "no-referrer");
  frame.title = stage.dataset.title;
  frame.src = stage.dataset.address;

  // Where a mini-app may lead the whole tab: only pages the portal itself draws.
  const LEAVE = [/^\/cashier\/[\w-]+$/, /^\/consent\/[\w-]+$/, /^\/apps\/[\w-]+$/, /^\/payments(\/[\w-]+)?$/, /^\/$/];

  const text = (value, length) => (typeof value === "string" ? value.slice(0, length) : "");
  const methods = {
    "init": () => ok({ app: stage.dataset.app, locale: document.documentElement.lang, ui: document.body.dataset.ui }),
    "capabilities": () => ok(Object.keys(methods)),
    "ui.title": ({ title: wanted }) => { title.textContent = text(wanted, 30) || stage.dataset.title; return ok(); },
    "ui.toast": ({ message }) => { show(text(message, 100)); return ok(); },
    "a11y": () => ok({ ui: document.body.dataset.ui }),
    "locale": () => ok({ locale: document.documentElement.lang }),
    "network": () => ok({ online: navigator.onLine }),
    "nav.leave": ({ url }) => leave(url),
    "close": () => { location.assign("/"); return ok(); },
  };

  function leave(url) {
    let target;
    try { target = new URL(text(url, 2000), location.origin); } catch { return no(400, "bad_url", "That is not an address."); }
    if (target.origin !== location.origin || !LEAVE.some((path) => path.test(target.pathname)))
      return no(403, "not_allowed", "A mini-app may not lead there.");
    location.assign(target.href);
    return ok();
  }

  function show(message) {
    toast.textContent = `${stage.dataset.title}：${message}`;
    toast.hidden = false;
    setTimeout(() => { toast.hidden = true; }, 3000);
  }

  function serve(port) {
    let count = 0, second = 0;
    port.onmessage = ({ data }) => {
      const now = Math.floor(performance.now() / 1000);
      if (now !== second) { second = now; count = 0; }
      if (++count > RATE) { port.close(); return; }
      if (!data || typeof data !== "object" || !Number.isInteger(data.id)) return;
      const known = Object.hasOwn(methods, data.method);
      const params = data.params && typeof data.params === "object" ? data.params : {};
      const result = known ? methods[data.method](params) : no(404, "unknown_method", "The portal does not know this call.");
      port.postMessage({ jsonrpc: "2.0", id: data.id, result });
    };
  }

  let current = null;
  window.addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow || event.origin !== origin) return;
    if (!event.data || event.data.yimen !== "hello") return;
    if (current) current.close(); // the frame went to another page
    const channel = new MessageChannel();
    current = channel.port1;
    serve(channel.port1);
    frame.contentWindow.postMessage({ yimen: "port" }, origin, [channel.port2]);
  });
  stage.append(frame);
})();
