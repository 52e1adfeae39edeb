// What a page in a frame tells the site around it, if the organization lists that site: its height, and what it shows.
"use strict";

(() => {
  const origin = document.body.dataset.parent;
  if (window.parent === window) return;
  const tell = (message) => window.parent.postMessage({ source: "dcvd", ...message }, origin);

  new ResizeObserver(() => {
    tell({ type: "height", height: Math.ceil(document.documentElement.getBoundingClientRect().height) });
  }).observe(document.documentElement);

  let told = "";
  function tellState() {
    const found = document.querySelector("[data-state]");
    if (!found) return;
    const { state, domain, code } = found.dataset;
    const now = `${state} ${code}`;
    if (now === told) return;
    told = now;
    if (state === "ready") tell({ type: "ready", domain });
    if (state === "error") tell({ type: "error", code, domain });
  }

  document.addEventListener("htmx:afterSwap", tellState);
  tellState();
})();
