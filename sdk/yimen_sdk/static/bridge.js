// The mini-app's end of the bridge: JSON-RPC 2.0 over a MessagePort that the portal's shell hands over.
// Every call answers {status, data | error}; it never throws and never stays silent.
(() => {
  "use strict";
  const TIMEOUT = 10000;
  const waiting = new Map();
  let port = null;
  let next = 1;
  const queue = [];

  const failure = (status, code, message) => ({ status, error: { code, message, retryable: status >= 500 } });

  function call(method, params = {}) {
    return new Promise((resolve) => {
      if (window.parent === window) return resolve(failure(404, "no_shell", "This page is not shown by the portal."));
      const id = next++;
      const timer = setTimeout(() => {
        waiting.delete(id);
        resolve(failure(504, "timeout", "The portal did not answer."));
      }, TIMEOUT);
      waiting.set(id, (answer) => { clearTimeout(timer); resolve(answer); });
      const message = { jsonrpc: "2.0", id, method, params };
      if (port) port.postMessage(message); else queue.push(message);
    });
  }

  function receive(event) {
    const { id, result } = event.data || {};
    const resolve = waiting.get(id);
    if (!resolve) return;
    waiting.delete(id);
    resolve(result);
  }

  function start() {
    if (window.parent === window) return;
    document.documentElement.setAttribute("data-framed", "");
    const portal = document.querySelector(".y-back a, meta[name=yimen-portal]");
    const origin = portal ? new URL(portal.href || portal.content).origin : null;
    window.addEventListener("message", (event) => {
      if (event.source !== window.parent || (origin && event.origin !== origin)) return;
      if (!event.data || event.data.yimen !== "port" || port || !event.ports[0]) return;
      port = event.ports[0];
      port.onmessage = receive;
      queue.splice(0).forEach((message) => port.postMessage(message));
    });
    if (origin) window.parent.postMessage({ yimen: "hello" }, origin);
    const leave = document.querySelector("meta[name=yimen-leave]");
    if (leave) call("nav.leave", { url: leave.content });
    else call("ui.title", { title: document.title });
  }

  window.yimen = { call };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start); else start();
})();
