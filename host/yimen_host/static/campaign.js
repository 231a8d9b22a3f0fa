// Keeps the figures of a campaign's page fresh while somebody looks at it. Without it, reloading does the same.
(() => {
  "use strict";
  const EVERY = 3000; // milliseconds
  const live = document.getElementById("live");
  const refresh = async () => {
    if (document.visibilityState !== "visible") return;
    try {
      const answer = await fetch(live.dataset.address);
      if (answer.ok && !answer.redirected) live.innerHTML = await answer.text();
    } catch {
      // The network is away for the moment: the next turn tries again.
    }
  };
  setInterval(refresh, EVERY);
})();
